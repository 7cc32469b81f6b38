/** Grants by song: asked for once, kept until they run out, asked for again when refused. */

import type { Clock } from "./clock";
import { retrying } from "./retry";
import type { Capabilities, Grant, Quality, SpatialWish, Transport, TransportError } from "./types";

export interface GrantParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly capabilities: Capabilities;
  readonly quality: () => Quality;
  readonly spatial: () => SpatialWish;
  readonly network: () => { kbps?: number; saveData?: boolean };
  readonly onWait: (error: TransportError) => void;
  readonly hurry: (wake: () => void) => () => void;
}

/** A grant this close to its end is not started with. */
const SPARE_MS = 120_000;
/** About a minute of trying; then the listener is asked. */
const ATTEMPTS = 9;
const KEPT = 32;

interface Kept {
  readonly promise: Promise<Grant>;
  grant: Grant | null;
  goodUntil: number;
}

export class GrantBook {
  readonly #parts: GrantParts;
  readonly #kept = new Map<string, Kept>();

  constructor(parts: GrantParts) {
    this.#parts = parts;
  }

  /** The grant for a song, known or new. */
  get(songId: string, signal: AbortSignal): Promise<Grant> {
    const known = this.#kept.get(songId);
    if (known && known.goodUntil > Date.now()) return abortable(known.promise, signal);
    return abortable(this.#ask(songId).promise, signal);
  }

  /** The grant for a song, if it is here already. */
  known(songId: string): Grant | null {
    return this.#kept.get(songId)?.grant ?? null;
  }

  /** The server no longer honours it, or the listener wants another quality. */
  forget(songId: string): void {
    this.#kept.delete(songId);
  }

  clear(): void {
    this.#kept.clear();
  }

  #ask(songId: string): Kept {
    const kept: Kept = { promise: this.#request(songId), grant: null, goodUntil: Number.POSITIVE_INFINITY };
    this.#kept.set(songId, kept);
    kept.promise.then(
      (grant) => {
        kept.grant = grant;
        kept.goodUntil = Date.parse(grant.expiresAt) - SPARE_MS;
      },
      () => {
        if (this.#kept.get(songId) === kept) this.#kept.delete(songId);
      },
    );
    this.#limit();
    return kept;
  }

  #request(songId: string): Promise<Grant> {
    const { transport, clock, capabilities, quality, spatial, network, onWait, hurry } = this.#parts;
    const never = new AbortController().signal;
    return retrying(
      () => transport.grant({ songId, capabilities, network: network(), preference: quality(), spatial: spatial() }),
      { clock, signal: never, attempts: ATTEMPTS, onWait, hurry },
    );
  }

  #limit(): void {
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) return;
      this.#kept.delete(key);
    }
  }
}

/** The promise, or the signal's reason, whichever comes first; the work itself goes on for others. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", stop);
    });
  });
}
