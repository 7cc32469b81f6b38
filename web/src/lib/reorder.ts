/** Moving one thing in a list. */

/** A copy in which the item at `from` stands at `to`. */
export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const copy = [...items];
  if (from < 0 || from >= copy.length) return copy;
  const [item] = copy.splice(from, 1) as [T];
  copy.splice(Math.min(Math.max(to, 0), copy.length), 0, item);
  return copy;
}

/** Where a dragged row lands: the row whose middle the pointer has passed. */
export function landing(from: number, travelled: number, rowHeight: number, count: number): number {
  const to = from + Math.round(travelled / rowHeight);
  return Math.min(Math.max(to, 0), count - 1);
}

/** How far row `index` steps aside, in rows, while `from` is carried over `to`. */
export function stepAside(index: number, from: number, to: number): -1 | 0 | 1 {
  if (index > from && index <= to) return -1;
  if (index < from && index >= to) return 1;
  return 0;
}

/** A shuffled copy (Fisher-Yates) with numbers from `random` in [0, 1). */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
  }
  return copy;
}
