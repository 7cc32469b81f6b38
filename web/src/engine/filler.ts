/**
 * Puts planned pieces into the sink: fetches, appends while bytes arrive, keeps the buffer within its
 * byte limit, and knows to the sample where the buffer ends (the cursor).
 */

import { shouldAbandon } from "./abr";
import { isAbort } from "./clock";
import { Ledger } from "./ledger";
import { initRequest, segmentRequest, type Download } from "./media";
import type { Services } from "./services";
import { BufferFull, type Sink } from "./sink";
import { offsetOf, samePlace, segmentStart, type AppendPlan, type Piece, type Place } from "./timeline";
import type { Variant } from "./types";

/** All of the buffer; browsers refuse somewhere above (Chromium at 12 MB of audio). */
const LIMIT_BYTES = 8 * 1000 * 1000;
/** With less than this ahead, bytes do not count: better a refused append than silence. */
const HUNGRY_SECONDS = 2;
const KEEP_BEHIND_SECONDS = 10;
/** A slice per append, so that the limit holds within large segments too. */
const SLICE_BYTES = 512 * 1024;
/** How long to wait for bytes before looking whether the transfer is still worth it. */
const PATIENCE_MS = 500;
const WAKE_MS = 250;

export interface Playhead {
  /** Seconds on the timeline. */
  readonly now: number;
  /** Seconds that can be played from here. */
  readonly ahead: number;
}

export class Filler {
  /** Where the buffer ends and the next append begins. */
  cursor = 0;
  /** The piece appended last, while the decoder would carry on from it. */
  last: Piece | null = null;
  readonly ledger = new Ledger();
  readonly #sink: Sink;
  readonly #services: Services;
  readonly #playhead: Playhead;
  readonly #wakers = new Set<() => void>();
  #dropping: Promise<void> = Promise.resolve();
  #shape: { readonly place: Place; readonly variant: Variant } | null = null;

  constructor(sink: Sink, services: Services, playhead: Playhead) {
    this.#sink = sink;
    this.#services = services;
    this.#playhead = playhead;
  }

  /** Go on from elsewhere: nothing follows from what was appended before. */
  moveTo(cursor: number): void {
    this.cursor = cursor;
    this.last = null;
    this.#shape = null;
  }

  /** Look again whether there is room or need. */
  wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }

  /** The next timeupdate, request or quarter of a second. */
  nextWake(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(finish);
        signal.removeEventListener("abort", finish);
        if (signal.aborted) reject(signal.reason as Error);
        else resolve();
      };
      const timer = setTimeout(finish, WAKE_MS);
      this.#wakers.add(finish);
      signal.addEventListener("abort", finish);
      if (signal.aborted) finish();
    });
  }

  async drop(start: number, end: number): Promise<void> {
    if (end <= start) return;
    try {
      await this.#sink.remove(start, end);
      this.ledger.remove(start, end);
    } catch (error) {
      if (!isAbort(error)) throw error;
    }
  }

  /** Drop all from here on before the next append; what that appends is fetched meanwhile. */
  dropFirst(start: number): void {
    this.#dropping = this.drop(start, Number.POSITIVE_INFINITY);
    this.#dropping.catch(() => undefined); // who appends learns of it
  }

  /** Carry a plan out. The cursor says how far it came, also when it was given up or failed. */
  async append(plan: AppendPlan, ladder: readonly Variant[], signal: AbortSignal): Promise<boolean> {
    const downloads = plan.pieces.map((piece) => this.#download(piece, signal));
    try {
      await this.#dropping;
      for (const [i, piece] of plan.pieces.entries()) {
        const download = downloads[i] as Download;
        await this.#prepare(piece, plan, i === 0, signal);
        if (!(await this.#pour(piece, plan, download, ladder, signal))) return false;
        this.last = piece;
      }
      this.cursor = plan.endsAt;
      return true;
    } finally {
      for (const download of downloads) download.cancel();
    }
  }

  /**
   * The cursor at the end of the buffered stretch that holds `time`: exact, because frames are whole
   * samples of the variant that sounds there.
   */
  snap(time: number, place: Place, variant: Variant): void {
    const ranges = this.#sink.buffered;
    this.moveTo(this.cursor);
    for (let i = 0; ranges && i < ranges.length; i++) {
      if (ranges.start(i) > time + 0.1 || ranges.end(i) < time) continue;
      const offset = offsetOf(place, variant);
      const samples = Math.round((ranges.end(i) - offset) * variant.sampleRate);
      this.cursor = offset + samples / variant.sampleRate;
    }
  }

  #download({ place, variant, segment }: Piece, signal: AbortSignal): Download {
    return this.#services.media.open(segmentRequest(place.grant, variant, segment), signal);
  }

  /** Bring the sink to this piece's codec, place and window. */
  async #prepare(piece: Piece, plan: AppendPlan, isFirst: boolean, signal: AbortSignal): Promise<void> {
    const { place, variant } = piece;
    const windowEnd = plan.windowEnd + grace(variant);
    const shape = this.#shape;
    const follows = shape !== null && samePlace(shape.place, place) && shape.variant === variant;
    if (follows) {
      this.#sink.endWindow(windowEnd);
      return;
    }
    const request = initRequest(place.grant, variant);
    const init = await this.#services.media.whole(request, signal);
    signal.throwIfAborted();
    // After the end of the song before, this one's own priming must not sound over it.
    const own = isFirst ? plan.windowStart : segmentStart(place, variant, piece.segment);
    const windowStart = Math.max(plan.windowStart, own);
    await this.#sink.cut(variant.mime, windowStart, windowEnd, offsetOf(place, variant));
    if (this.#sink.initKey !== request.key) {
      await this.#sink.append(init);
      this.#sink.initKey = request.key;
    }
    this.#shape = { place, variant };
  }

  /** Append while bytes arrive. False when the transfer was given up for a lower rung. */
  async #pour(
    piece: Piece,
    plan: AppendPlan,
    download: Download,
    ladder: readonly Variant[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const isLead = piece !== plan.pieces.at(-1);
    const begin = Math.max(plan.windowStart, segmentStart(piece.place, piece.variant, piece.segment));
    try {
      for (;;) {
        const bytes = await download.pull(PATIENCE_MS);
        signal.throwIfAborted();
        if (bytes === null) return true;
        await this.#appendSlices(bytes, piece, isLead ? null : plan, signal);
        if (!isLead && this.#isHopeless(piece.variant, download, ladder)) {
          this.#services.throughput.fellTo(download.bitsPerSecond ?? 0);
          this.snap(begin + 0.01, piece.place, piece.variant);
          return false;
        }
      }
    } catch (error) {
      if (!signal.aborted) {
        if (isLead) this.moveTo(this.cursor);
        else this.snap(begin + 0.01, piece.place, piece.variant);
      }
      throw error;
    }
  }

  #isHopeless(variant: Variant, download: Download, variants: readonly Variant[]): boolean {
    const bitsPerSecond = download.bitsPerSecond;
    if (bitsPerSecond === null || download.bytesLeft === 0) return false;
    return shouldAbandon({
      variant,
      variants,
      quality: this.#services.quality(),
      bytesLeft: download.bytesLeft,
      bitsPerSecond,
      bufferedSeconds: this.#playhead.ahead,
    });
  }

  async #appendSlices(
    bytes: Uint8Array<ArrayBuffer>,
    piece: Piece,
    counted: AppendPlan | null,
    signal: AbortSignal,
  ): Promise<void> {
    const total = Math.max(piece.variant.segments[piece.segment]?.[1] ?? 1, 1);
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      const slice = bytes.subarray(at, at + SLICE_BYTES);
      await this.#fit(slice, signal);
      if (counted) this.#count(counted, slice.length, total);
    }
  }

  #count(plan: AppendPlan, bytes: number, total: number): void {
    const seconds = ((plan.endsAt - plan.windowStart) * bytes) / total;
    const from = Math.min(Math.max(plan.windowStart, this.ledger.end), plan.endsAt - 0.001);
    this.ledger.add(from, from + Math.max(seconds, 0.001), bytes);
  }

  /** Append one slice, making room first, and again when the browser says that it is full. */
  async #fit(slice: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> {
    await this.#makeRoom(slice.length, signal);
    for (;;) {
      try {
        await this.#sink.append(slice);
        return;
      } catch (error) {
        if (!(error instanceof BufferFull)) throw error;
        await this.drop(0, this.#playhead.now - 0.5);
        await this.nextWake(signal);
      }
    }
  }

  async #makeRoom(bytes: number, signal: AbortSignal): Promise<void> {
    const longAgo = this.#playhead.now - KEEP_BEHIND_SECONDS;
    if (this.ledger.bytes - this.ledger.bytesAfter(longAgo) > LIMIT_BYTES / 8) await this.drop(0, longAgo);
    while (this.ledger.bytes + bytes > LIMIT_BYTES) {
      await this.drop(0, this.#playhead.now - 1);
      if (this.ledger.bytes + bytes <= LIMIT_BYTES || this.#playhead.ahead < HUNGRY_SECONDS) return;
      await this.nextWake(signal);
    }
  }
}

/** A quarter of a sample, so that rounding to microseconds cuts no frame that ends right at the window's end. */
function grace(variant: Variant): number {
  return 0.25 / variant.sampleRate;
}
