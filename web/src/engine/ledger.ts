/** What lies in the buffer, in bytes: browsers do not tell, and their quota comes as an error. Pure. */

interface Span {
  readonly start: number;
  readonly end: number;
  readonly bytes: number;
}

export class Ledger {
  #spans: Span[] = [];

  /** These bytes cover this stretch of the timeline. */
  add(start: number, end: number, bytes: number): void {
    if (end > start) this.#spans.push({ start, end, bytes });
  }

  get bytes(): number {
    return this.#spans.reduce((sum, span) => sum + span.bytes, 0);
  }

  /** Where the last stretch ends; 0 when there is none. */
  get end(): number {
    return this.#spans.reduce((latest, span) => Math.max(latest, span.end), 0);
  }

  bytesAfter(time: number): number {
    return this.#spans.reduce((sum, span) => sum + share(span, time, Number.POSITIVE_INFINITY), 0);
  }

  /** That stretch was removed from the buffer. */
  remove(start: number, end: number): void {
    this.#spans = this.#spans.flatMap((span) => {
      const before = cut(span, span.start, Math.min(span.end, start));
      const after = cut(span, Math.max(span.start, end), span.end);
      return [...before, ...after];
    });
  }

  clear(): void {
    this.#spans = [];
  }
}

function share(span: Span, start: number, end: number): number {
  const overlap = Math.min(span.end, end) - Math.max(span.start, start);
  return overlap <= 0 ? 0 : (span.bytes * overlap) / (span.end - span.start);
}

function cut(span: Span, start: number, end: number): Span[] {
  return end <= start ? [] : [{ start, end, bytes: share(span, start, end) }];
}
