/** Says aloud what the engine could not do. */

import type { Toasts } from "../../lib/toasts.svelte";
import type { Player } from "./player.svelte";

/** One toast for each error of the engine; what the browser wants first is told as a hint. */
export function reportErrors(player: Player, toasts: Toasts): () => void {
  return $effect.root(() => {
    const error = $derived(player.snapshot.error);
    $effect(() => {
      if (error === null) return;
      if (error.code === "autoplay_blocked") toasts.show("Press play to hear it.");
      else toasts.show(error.message, { tone: "bad", ...(error.recoverable ? { action: again(player) } : {}) });
    });
  });
}

function again(player: Player): { label: string; run: () => void } {
  return { label: "Try again", run: () => player.dispatch({ type: "play" }) };
}
