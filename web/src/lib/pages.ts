/** A cache of list pages by offset: bounded, no request twice, newest wishes first. */

import { pagesFor } from "./window";

export interface LoadedPage<T> {
  items: T[];
  total: number;
}

export type LoadPage<T> = (offset: number, limit: number, signal: AbortSignal) => Promise<LoadedPage<T>>;

export interface PagesOptions {
  pageSize: number;
  /** Pages kept; the least recently wanted go first. */
  capacity: number;
}

/** Rows come by `at`; `want` says which rows are on screen; `onChange` is told when rows arrived. */
export class Pages<T> {
  total: number | null = null;
  error: unknown = null;

  readonly #load: LoadPage<T>;
  readonly #onChange: () => void;
  readonly #options: PagesOptions;
  readonly #pages = new Map<number, T[]>();
  readonly #running = new Map<number, AbortController>();
  #closed = false;

  constructor(load: LoadPage<T>, onChange: () => void, options: PagesOptions = { pageSize: 200, capacity: 24 }) {
    this.#load = load;
    this.#onChange = onChange;
    this.#options = options;
  }

  /** The row, or undefined while it is not here. */
  at(index: number): T | undefined {
    const { pageSize } = this.#options;
    const offset = Math.floor(index / pageSize) * pageSize;
    return this.#pages.get(offset)?.[index - offset];
  }

  /** The rows from `first` up to `end` that are here without a gap. */
  run(first: number, end: number): T[] {
    const rows: T[] = [];
    for (let index = first; index < end; index += 1) {
      const row = this.at(index);
      if (row === undefined) break;
      rows.push(row);
    }
    return rows;
  }

  /** Load what rows `first` to `end` need, and give up what nobody looks at any more. */
  want(first: number, end: number): void {
    const wanted = pagesFor(first, Math.max(end, first + 1), this.#options.pageSize);
    for (const [offset, abort] of this.#running) {
      if (!wanted.includes(offset)) this.#giveUp(offset, abort);
    }
    for (const offset of wanted) this.#touch(offset);
  }

  /** Try again what failed. */
  retry(first: number, end: number): void {
    this.error = null;
    this.want(first, end);
  }

  close(): void {
    this.#closed = true;
    for (const [offset, abort] of this.#running) this.#giveUp(offset, abort);
  }

  #giveUp(offset: number, abort: AbortController): void {
    this.#running.delete(offset);
    abort.abort();
  }

  #touch(offset: number): void {
    const held = this.#pages.get(offset);
    if (held !== undefined) {
      this.#pages.delete(offset);
      this.#pages.set(offset, held);
    } else if (!this.#running.has(offset) && this.error === null) {
      void this.#fetch(offset);
    }
  }

  async #fetch(offset: number): Promise<void> {
    const abort = new AbortController();
    this.#running.set(offset, abort);
    try {
      const page = await this.#load(offset, this.#options.pageSize, abort.signal);
      if (abort.signal.aborted) return;
      this.total = page.total;
      this.#pages.set(offset, page.items);
      this.#evict();
    } catch (error) {
      if (abort.signal.aborted) return;
      this.error = error;
    } finally {
      if (this.#running.get(offset) === abort) this.#running.delete(offset);
    }
    if (!this.#closed) this.#onChange();
  }

  #evict(): void {
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= this.#options.capacity) return;
      this.#pages.delete(oldest);
    }
  }
}
