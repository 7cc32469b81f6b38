/** Trying again: what may help, how long to wait. */

import { isAbort, type Clock } from "./clock";
import { TransportError } from "./types";

export interface Retry {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How often at most, the first time included. */
  readonly attempts: number;
  /** Told before each wait, so that the listener can be told. */
  readonly onWait?: (error: TransportError) => void;
  /** Ends a wait early, as when the network comes back. */
  readonly hurry?: (wake: () => void) => () => void;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8000;

/** Whether the same request may succeed later. */
export function isTransient(error: unknown): error is TransportError {
  if (!(error instanceof TransportError)) return false;
  return error.status === 0 || error.status === 408 || error.status === 429 || error.status >= 500;
}

/** Whether the grant's URLs are no longer honoured: a new grant helps. */
export function isStaleGrant(error: unknown): boolean {
  return error instanceof TransportError && [401, 403, 404, 410].includes(error.status);
}

/** Milliseconds before attempt `n` (the second is 1), doubling, or what the server asked for. */
export function waitBefore(n: number, error: TransportError): number {
  const doubled = Math.min(FIRST_WAIT_MS * 2 ** (n - 1), LONGEST_WAIT_MS);
  return Math.max(doubled, Math.min(error.retryAfterMs ?? 0, LONGEST_WAIT_MS));
}

/** Run `attempt` until it succeeds, fails for good, or was tried often enough. */
export async function retrying<T>(attempt: () => Promise<T>, retry: Retry): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      if (isAbort(error) || !isTransient(error) || n >= retry.attempts) throw error;
      retry.onWait?.(error);
      await hurriedSleep(waitBefore(n, error), retry);
    }
  }
}

async function hurriedSleep(milliseconds: number, { clock, signal, hurry }: Retry): Promise<void> {
  const early = new AbortController();
  const forget = hurry?.(() => {
    early.abort();
  });
  try {
    await clock.sleep(milliseconds, AbortSignal.any([signal, early.signal]));
  } catch (error) {
    if (signal.aborted) throw error;
  } finally {
    forget?.();
  }
}
