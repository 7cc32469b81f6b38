/** Tells the server what was heard: batched, and sent even while the page goes away. */

import type { Clock } from "./clock";
import type { PlayEvent, PlayEventType, Transport } from "./types";

const BATCH_MS = 10_000;
const PROGRESS_MS = 30_000;
const KEPT = 200;

export class Reporter {
  readonly #transport: Transport;
  readonly #clock: Clock;
  #pending = new Map<string, PlayEvent[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #grantId: string | null = null;
  #lastProgress = 0;

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Whether this grant's start was told. */
  isPlaying(grantId: string): boolean {
    return this.#grantId === grantId;
  }

  started(grantId: string, positionMs: number): void {
    this.#grantId = grantId;
    this.#lastProgress = this.#clock.now();
    this.#add("started", positionMs);
  }

  /** Call as often as you like: told every half minute. */
  progress(positionMs: number): void {
    if (this.#clock.now() - this.#lastProgress < PROGRESS_MS) return;
    this.#lastProgress = this.#clock.now();
    this.#add("progress", positionMs);
  }

  paused(positionMs: number): void {
    this.#add("paused", positionMs);
    this.flush(false);
  }

  /** The song is over, or was left before that. */
  left(type: "ended" | "skipped", positionMs: number): void {
    this.#add(type, positionMs);
    this.#grantId = null;
    this.flush(false);
  }

  flush(leaving: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batches = this.#pending;
    this.#pending = new Map();
    for (const [grantId, events] of batches) void this.#send(grantId, events, leaving);
  }

  async #send(grantId: string, events: PlayEvent[], leaving: boolean): Promise<void> {
    try {
      await this.#transport.events(grantId, events, leaving);
    } catch (error) {
      // The server refuses them for good, or cannot be reached: only the latter may change.
      const status = (error as { status?: number }).status ?? 0;
      if (status >= 400 && status < 500) return;
      const later = this.#pending.get(grantId) ?? [];
      this.#pending.set(grantId, [...events, ...later].slice(-KEPT));
      this.#schedule();
    }
  }

  #add(type: PlayEventType, positionMs: number): void {
    if (this.#grantId === null) return;
    const event = { type, positionMs: Math.round(positionMs), at: this.#clock.wall() };
    this.#pending.set(this.#grantId, [...(this.#pending.get(this.#grantId) ?? []), event]);
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => { this.flush(false); }, BATCH_MS);
  }
}
