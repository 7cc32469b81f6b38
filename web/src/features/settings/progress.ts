/** How an import gets on, in words. Pure. */

import type { ImportAttributes } from "../../api/account";
import { ago, plural } from "../../lib/format";

/** Whether it is still at work. */
export function isRunning({ phase, finishedAt }: ImportAttributes): boolean {
  return finishedAt === undefined && !["done", "cancelled", "failed"].includes(phase);
}

/** The heading: what it does or how it ended. */
export function headline(scan: ImportAttributes): string {
  if (isRunning(scan)) return scan.phase === "waiting" ? "Waiting to start" : "Reading your music";
  if (scan.phase === "cancelled") return "Stopped before the end";
  return scan.phase === "failed" ? "The import failed" : "Up to date";
}

/** The line below: how far, or what came of it. */
export function summary(scan: ImportAttributes, now: number): string {
  if (isRunning(scan)) return `${(scan.done ?? 0).toLocaleString()} of ${plural(scan.found ?? 0, "file")}`;
  const counts = (["added", "changed", "moved", "removed"] as const).filter((name) => (scan[name] ?? 0) > 0);
  const what = counts.map((name) => `${(scan[name] ?? 0).toLocaleString()} ${name}`).join(", ");
  return [what === "" ? "Nothing new" : what, ago(scan.finishedAt, now)].filter(Boolean).join(" · ");
}
