/** Which line of synced lyrics is being sung. */

interface Timed {
  startMs: number | null;
}

/** The last line that has begun at `positionMs`, or -1 before the first. Lines ascend. */
export function currentLine(lines: readonly Timed[], positionMs: number): number {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lines[middle]?.startMs ?? 0) <= positionMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
