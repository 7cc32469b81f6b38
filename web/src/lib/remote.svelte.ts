/** Something loaded from the server, as state: what is known, whether it is loading, what failed. */

import { isAbort } from "../api/client";

/** Remembers what views have shown, so that going back shows it at once. */
export class Memory {
  readonly #capacity: number;
  // A cache, not state: nobody watches it.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #entries = new Map<string, unknown>();

  constructor(capacity = 120) {
    this.#capacity = capacity;
  }

  get(key: string): unknown {
    return this.#entries.get(key);
  }

  set(key: string, value: unknown): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#capacity) return;
      this.#entries.delete(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
  }
}

export class Remote<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<unknown>(null);
  loading = $state(false);

  readonly #memory: Memory | null;
  #abort: AbortController | null = null;
  #again: (() => void) | null = null;

  constructor(memory: Memory | null = null) {
    this.#memory = memory;
  }

  /** Load under a key; what the memory holds under it is shown meanwhile. Returns how to cancel. */
  load(key: string, fetcher: (signal: AbortSignal) => Promise<T>): () => void {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.#again = () => void this.load(key, fetcher);
    this.data = (this.#memory?.get(key) as T | undefined) ?? null;
    this.error = null;
    this.loading = true;
    void this.#run(key, fetcher, abort.signal);
    return () => abort.abort();
  }

  retry(): void {
    this.#again?.();
  }

  async #run(key: string, fetcher: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<void> {
    try {
      const data = await fetcher(signal);
      if (signal.aborted) return;
      this.data = data;
      this.#memory?.set(key, data);
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      this.error = error;
    }
    this.loading = false;
  }
}
