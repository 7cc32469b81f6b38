/** Which rows of a very long list need to exist. Pure arithmetic over fixed row heights. */

export interface WindowInput {
  /** How far the list's top lies above the viewport's top, in pixels; negative while below it. */
  scrolled: number;
  viewport: number;
  rowHeight: number;
  total: number;
  overscan: number;
}

export interface RowWindow {
  /** First row to draw. */
  first: number;
  /** One past the last row to draw. */
  end: number;
  /** Where the first drawn row sits, in pixels from the list's top. */
  offset: number;
  /** The height of the whole list in pixels. */
  height: number;
}

/** The rows that meet the viewport, and `overscan` more on either side. */
export function rowWindow({ scrolled, viewport, rowHeight, total, overscan }: WindowInput): RowWindow {
  const height = total * rowHeight;
  const top = Math.floor(scrolled / rowHeight);
  const bottom = Math.ceil((scrolled + viewport) / rowHeight);
  const first = clamp(top - overscan, 0, total);
  const end = clamp(bottom + overscan, first, total);
  return { first, end, offset: first * rowHeight, height };
}

/** The page offsets that hold rows `first` to `end`. */
export function pagesFor(first: number, end: number, pageSize: number): number[] {
  const offsets: number[] = [];
  for (let at = Math.floor(first / pageSize) * pageSize; at < end; at += pageSize) offsets.push(at);
  return offsets;
}

/** The scroll position that brings a row into view with the least movement, or null if it is in view. */
export function scrollToShow(
  row: number,
  { scrolled, viewport, rowHeight }: Pick<WindowInput, "scrolled" | "viewport" | "rowHeight">,
): number | null {
  const top = row * rowHeight;
  if (top < scrolled) return top;
  if (top + rowHeight > scrolled + viewport) return top + rowHeight - viewport;
  return null;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
