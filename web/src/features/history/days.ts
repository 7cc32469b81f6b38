/** Plays by the listener's own days. Pure. */

interface Played {
  playedAt: string;
}

export interface Day<T> {
  label: string;
  entries: T[];
}

/** Entries, newest first, under `Today`, `Yesterday` and dates. */
export function byDay<T extends Played>(entries: readonly T[], now: number): Day<T>[] {
  const days: Day<T>[] = [];
  for (const entry of entries) {
    const label = dayName(new Date(entry.playedAt), new Date(now));
    const last = days.at(-1);
    if (last?.label === label) last.entries.push(entry);
    else days.push({ label, entries: [entry] });
  }
  return days;
}

function dayName(at: Date, now: Date): string {
  const midnight = (date: Date): number => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  return at.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}
