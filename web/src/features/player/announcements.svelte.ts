/** Says what the player does where eyes do not see it, and what it could not do. */

import type { Toasts } from "../../lib/toasts.svelte";
import type { Player } from "./player.svelte";

/** Each song is announced to screen readers as it begins; each error of the engine is shown. */
export function announce(player: Player, toasts: Toasts): () => void {
  return $effect.root(() => {
    const error = $derived(player.snapshot.error);
    $effect(() => {
      if (error === null) return;
      if (error.code === "autoplay_blocked") toasts.show("Press play to hear it.");
      else toasts.show(error.message, { tone: "bad", ...(error.recoverable ? { action: again(player) } : {}) });
    });
    const song = $derived(player.playing ? player.current : null);
    $effect(() => {
      if (song) toasts.announce(`Now playing ${song.attributes.name} by ${song.attributes.artistName}`);
    });
  });
}

function again(player: Player): { label: string; run: () => void } {
  return { label: "Try again", run: () => player.dispatch({ type: "play" }) };
}
