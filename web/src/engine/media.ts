/** Media bytes: streamed while they arrive, measured, kept for a moment when fetched ahead. */

import { isAbort, type Clock } from "./clock";
import { isTelling, type Throughput } from "./abr";
import { abortable } from "./grants";
import { TransportError, type Grant, type Transport, type Variant } from "./types";

/** What was fetched ahead, in bytes: a hi-res segment or two, or a few ordinary ones. */
const KEPT_BYTES = 24 * 1024 * 1024;
/** A connection that delivers nothing for this long is given up. */
const SILENCE_MS = 10_000;
/** How often a running transfer is measured. */
const MEASURE_MS = 250;

export interface Request {
  /** The same for every grant of a song, unlike the URL. */
  readonly key: string;
  readonly url: string;
  /** Announced by the grant; null when not announced (init sections). */
  readonly bytes: number | null;
}

export function segmentRequest(grant: Grant, variant: Variant, segment: number): Request {
  return {
    key: `${grant.songId}/${variant.rung}/${String(variant.samples)}/${String(segment)}`,
    url: `${variant.baseUrl}${String(segment)}.m4s`,
    bytes: variant.segments[segment]?.[1] ?? null,
  };
}

export function initRequest(grant: Grant, variant: Variant): Request {
  return {
    key: `${grant.songId}/${variant.rung}/${String(variant.samples)}/init`,
    url: `${variant.baseUrl}${variant.init}`,
    bytes: null,
  };
}

export interface MediaParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly throughput: Throughput;
}

export class Media {
  readonly #parts: MediaParts;
  readonly #kept = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #ahead = new Map<string, Promise<Uint8Array<ArrayBuffer> | null>>();
  #keptBytes = 0;

  constructor(parts: MediaParts) {
    this.#parts = parts;
  }

  /** Start a transfer; bytes fetched ahead, or on their way, are used. */
  open(request: Request, signal: AbortSignal): Download {
    const download = new Download(request, this.#parts.clock, signal);
    void this.#fill(download, signal);
    return download;
  }

  /** All bytes of something small, kept for next time. */
  async whole(request: Request, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const download = this.open(request, signal);
    const bytes = await download.whole();
    this.#keep(request.key, bytes);
    return bytes;
  }

  /** Fetch for later; failures are found out later. */
  ahead(request: Request, signal: AbortSignal): Promise<unknown> {
    const running = this.#ahead.get(request.key);
    if (running || this.#kept.has(request.key)) return running ?? Promise.resolve();
    const promise = this.whole(request, signal)
      .catch(() => null)
      .finally(() => this.#ahead.delete(request.key));
    this.#ahead.set(request.key, promise);
    return promise;
  }

  async #fill(download: Download, signal: AbortSignal): Promise<void> {
    const { key, url } = download.request;
    try {
      const bytes = this.#kept.get(key) ?? (await this.#underWay(key, download.signal));
      if (bytes) {
        download.take(bytes);
        download.close();
        return;
      }
      await download.read(await this.#parts.transport.media(url, download.signal), this.#parts.throughput);
    } catch (error) {
      download.fail(signal.aborted ? (signal.reason as Error) : asTransportError(error));
    }
  }

  #underWay(key: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
    const ahead = this.#ahead.get(key);
    return ahead ? abortable(ahead, signal) : Promise.resolve(null);
  }

  #keep(key: string, bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#kept.has(key) || bytes.length > KEPT_BYTES) return;
    this.#kept.set(key, bytes);
    this.#keptBytes += bytes.length;
    for (const [old, dropped] of this.#kept) {
      if (this.#keptBytes <= KEPT_BYTES) return;
      this.#kept.delete(old);
      this.#keptBytes -= dropped.length;
    }
  }
}

/** One running transfer: `pull` gives what has arrived since the last time. */
export class Download {
  readonly request: Request;
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  readonly signal: AbortSignal;
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #received = 0;
  #rate: number | null = null;
  #closed = false;
  #error: Error | null = null;
  #wake: () => void = () => undefined;

  constructor(request: Request, clock: Clock, signal: AbortSignal) {
    this.request = request;
    this.#clock = clock;
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
  }

  get received(): number {
    return this.#received;
  }

  get bytesLeft(): number {
    return Math.max(0, (this.request.bytes ?? this.#received) - this.#received);
  }

  /** Bits per second lately; null before it could be measured. */
  get bitsPerSecond(): number | null {
    return this.#rate;
  }

  /** Stop it; what has arrived can still be pulled. */
  cancel(): void {
    this.#controller.abort();
  }

  /**
   * What arrived since the last call; waits for something, but not longer than `patienceMs`, after which
   * it is empty. Null at the end. Rejects when the transfer failed (after all that arrived was given).
   */
  async pull(patienceMs: number): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#parts.length === 0 && !this.#closed && !this.#error) await this.#arrival(patienceMs);
    if (this.#parts.length > 0) return this.#drain();
    if (this.#error) throw this.#error;
    return this.#closed ? null : new Uint8Array(0);
  }

  async whole(): Promise<Uint8Array<ArrayBuffer>> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (;;) {
      const bytes = await this.pull(SILENCE_MS);
      if (bytes === null) return pieces.length === 1 && pieces[0] ? pieces[0] : joined(pieces);
      if (bytes.length > 0) pieces.push(bytes);
    }
  }

  // ---- the filling side

  async read(response: Response, throughput: Throughput): Promise<void> {
    const reader = response.body?.getReader();
    if (!reader) throw new TransportError(0, "unreachable", "The answer has no body.");
    const meter = new Meter(this.#clock, throughput);
    try {
      for (;;) {
        const { done, value } = await this.#beforeSilence(reader.read());
        if (done) break;
        this.take(value as Uint8Array<ArrayBuffer>);
        this.#rate = meter.add(value.length) ?? this.#rate;
      }
    } finally {
      meter.finish();
      reader.cancel().catch(() => undefined);
    }
    if (this.bytesLeft > 0) throw new TransportError(0, "unreachable", "The answer was cut short.");
    this.close();
  }

  take(bytes: Uint8Array<ArrayBuffer>): void {
    this.#parts.push(bytes);
    this.#received += bytes.length;
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  fail(error: Error): void {
    this.#error = error;
    this.#wake();
  }

  async #beforeSilence<T>(reading: Promise<T>): Promise<T> {
    const enough = new AbortController();
    const silence = this.#clock
      .sleep(SILENCE_MS, AbortSignal.any([enough.signal, this.signal]))
      .then(() => {
        throw new TransportError(0, "unreachable", "The server went silent.");
      });
    try {
      return await Promise.race([reading, silence]);
    } finally {
      silence.catch(() => undefined);
      enough.abort();
    }
  }

  #arrival(patienceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #drain(): Uint8Array<ArrayBuffer> {
    const parts = this.#parts;
    this.#parts = [];
    return parts.length === 1 && parts[0] ? parts[0] : joined(parts);
  }
}

/** Feeds the throughput estimate while bytes come in. */
class Meter {
  readonly #clock: Clock;
  readonly #throughput: Throughput;
  #since: number;
  #bytes = 0;

  constructor(clock: Clock, throughput: Throughput) {
    this.#clock = clock;
    this.#throughput = throughput;
    this.#since = clock.now();
  }

  /** Count bytes; at each measurement, the bits per second of the stretch. */
  add(bytes: number): number | null {
    this.#bytes += bytes;
    const milliseconds = this.#clock.now() - this.#since;
    // Slow networks bring little in that time: what is counted must be enough for the estimate too.
    return milliseconds >= MEASURE_MS && isTelling(this.#bytes, milliseconds) ? this.finish() : null;
  }

  finish(): number | null {
    const milliseconds = this.#clock.now() - this.#since;
    const bytes = this.#bytes;
    if (bytes === 0) return null;
    this.#throughput.add(bytes, milliseconds);
    this.#bytes = 0;
    this.#since = this.#clock.now();
    return (bytes * 8000) / Math.max(milliseconds, 1);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function asTransportError(error: unknown): Error {
  if (error instanceof TransportError || isAbort(error)) return error as Error;
  return new TransportError(0, "unreachable", "The connection broke.");
}
