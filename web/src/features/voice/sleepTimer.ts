/** Stops the music after a while. */

export class SleepTimer {
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #sleep: () => void;

  constructor(sleep: () => void) {
    this.#sleep = sleep;
  }

  /** Sleep after so many seconds; null takes it back. The latest counts. */
  set(seconds: number | null): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = seconds === null ? null : setTimeout(this.#sleep, seconds * 1000);
  }
}
