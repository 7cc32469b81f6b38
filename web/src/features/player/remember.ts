/** Keeps the queue in this browser's store and brings it back. */

import type { App } from "../../lib/context";
import { kept, readKept } from "./resume";

const KEY = "antiphon.queue";

/** Store the queue whenever the page may be about to go. Returns how to stop. */
export function rememberQueue({ player, session }: App, store: Storage): () => void {
  const save = (): void => {
    const listener = session.me?.id;
    if (listener === undefined) return;
    const value = kept(player.snapshot, player.from, listener);
    if (value) store.setItem(KEY, JSON.stringify(value));
  };
  const onHidden = (): void => {
    if (document.visibilityState === "hidden") save();
  };
  document.addEventListener("visibilitychange", onHidden);
  addEventListener("pagehide", save);
  return () => {
    document.removeEventListener("visibilitychange", onHidden);
    removeEventListener("pagehide", save);
  };
}

/** Bring the listener's queue back, paused; what cannot be had is no reason to complain. */
export async function restoreQueue({ catalog, player }: App, listener: string, store: Storage): Promise<void> {
  const value = readKept(store.getItem(KEY), listener);
  if (!value) return;
  const songs = await catalog.songsById(value.songIds).catch(() => []);
  const current = songs.findIndex((song) => song.id === value.songIds[value.index]);
  if (current >= 0) player.restore(songs, current, value.positionMs, value.from);
}

/** Signing out leaves nothing behind. */
export function forgetQueue(store: Storage): void {
  store.removeItem(KEY);
}
