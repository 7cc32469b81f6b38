/** The queue outlives a reload of the page: what of it is kept, and how it comes back. Pure. */

import type { Snapshot } from "../../engine";
import type { PlayingFrom } from "./player.svelte";

export interface Kept {
  /** Who listened: nobody else gets this queue. */
  listener: string;
  songIds: string[];
  index: number;
  positionMs: number;
  from: PlayingFrom | null;
}

const BEFORE = 20;
const AFTER = 230;

/** The part of the queue around what plays, or null when there is nothing to keep. */
export function kept(snapshot: Snapshot, from: PlayingFrom | null, listener: string): Kept | null {
  if (snapshot.index < 0) return null;
  const first = Math.max(0, snapshot.index - BEFORE);
  return {
    listener,
    songIds: snapshot.queue.slice(first, snapshot.index + AFTER).map((entry) => entry.songId),
    index: snapshot.index - first,
    positionMs: Math.floor(snapshot.positionMs / 1000) * 1000,
    from,
  };
}

/** What was stored, if it is whole and belongs to this listener. */
export function readKept(stored: string | null, listener: string): Kept | null {
  try {
    const value = JSON.parse(stored ?? "null") as Partial<Kept> | null;
    if (value?.listener !== listener || !Array.isArray(value.songIds) || value.songIds.length === 0) return null;
    if (!value.songIds.every((id) => typeof id === "string")) return null;
    const { index = 0, positionMs = 0, from = null } = value;
    if (!Number.isInteger(index) || index < 0 || index >= value.songIds.length) return null;
    return { listener, songIds: value.songIds, index, positionMs: Number(positionMs) || 0, from };
  } catch {
    return null;
  }
}
