/** Hands the listener's preferences to the engine whenever they change, and keeps the volume. */

import { untrack } from "svelte";
import type { Preferences } from "../../lib/preferences.svelte";
import type { Player } from "./player.svelte";

export function followPreferences(preferences: Preferences, player: Player): () => void {
  return $effect.root(() => {
    const quality = $derived(preferences.values.quality);
    const spatial = $derived(preferences.values.spatial);
    const normalisation = $derived(preferences.values.normalisation);
    const milliseconds = $derived(preferences.values.crossfadeSeconds * 1000);
    $effect(() => player.dispatch({ type: "set-quality", quality }));
    $effect(() => player.dispatch({ type: "set-spatial", spatial }));
    $effect(() => player.dispatch({ type: "set-normalisation", normalisation }));
    $effect(() => player.dispatch({ type: "set-crossfade", milliseconds }));
    const volume = $derived(player.snapshot.volume);
    $effect(() => {
      if (volume !== untrack(() => preferences.values.volume)) preferences.adopt({ volume });
    });
  });
}
