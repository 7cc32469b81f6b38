/** The part of the queue that is still to come. Pure. */

import type { QueueEntry } from "../../engine";

/** What follows the entry at `index`, in playing order. */
export function upcomingOf(queue: readonly QueueEntry[], index: number): readonly QueueEntry[] {
  return index < 0 ? [] : queue.slice(index + 1);
}
