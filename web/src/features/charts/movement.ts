/** How an item moved in a chart since a day ago. Pure. */

import type { ChartPlace } from "../../api/types";

export interface Movement {
  kind: "new" | "up" | "down" | "same";
  /** By how many ranks. */
  by: number;
  /** As a screen reader should say it. */
  label: string;
}

export function movementOf({ rank, before }: ChartPlace): Movement {
  if (before === undefined) return { kind: "new", by: 0, label: "new in this chart" };
  const by = Math.abs(before - rank);
  if (by === 0) return { kind: "same", by, label: "where it was" };
  return before > rank ? { kind: "up", by, label: `up ${by}` } : { kind: "down", by, label: `down ${by}` };
}
