/** One source buffer on one media element, as promises. Only its deck may touch it, one call at a time. */

import { mimeOf } from "./capabilities";

/**
 * The source's duration while more may come. An infinite one would do, but that makes only what is buffered
 * seekable, and a seek to where a song will be appended ends at the last sample of the one before.
 */
const OPEN_END_SECONDS = 1e9;

type MediaSourceConstructor = typeof MediaSource;

/** The buffer takes no more; make room and try again. */
export class BufferFull extends Error {
  override readonly name = "BufferFull";
}

/** The browser could not use the data. */
export class Unusable extends Error {
  override readonly name = "Unusable";
}

function mediaSourceClass(): MediaSourceConstructor {
  const scope = globalThis as { ManagedMediaSource?: MediaSourceConstructor };
  return scope.ManagedMediaSource ?? MediaSource;
}

export class Sink {
  readonly #source: MediaSource;
  readonly #url: string;
  readonly #opened: Promise<void>;
  #buffer: SourceBuffer | null = null;
  #mime: string | null = null;
  /** The init section that the parser knows. */
  initKey: string | null = null;

  /** Nothing is appended before `ready`. */
  constructor(element: HTMLMediaElement, ready: Promise<void>) {
    const Source = mediaSourceClass();
    this.#source = new Source();
    this.#url = URL.createObjectURL(this.#source);
    const opened = new Promise<void>((resolve) => {
      this.#source.addEventListener("sourceopen", () => { resolve(); }, { once: true });
    });
    this.#opened = Promise.all([opened, ready]).then(() => undefined);
    // A managed source refuses to open while the element might be cast elsewhere.
    element.disableRemotePlayback = true;
    element.src = this.#url;
  }

  get buffered(): TimeRanges | null {
    return this.#buffer?.buffered ?? null;
  }

  /** Have a buffer ready for this codec before anything is known of the first song. */
  async warm(codecs: string): Promise<void> {
    await this.#opened;
    if (!this.#buffer) this.#create(mimeOf(codecs));
  }

  /** Ready the parser for data that does not follow from what it got before. */
  async cut(mime: string, windowStart: number, windowEnd: number, offset: number): Promise<void> {
    await this.#opened;
    const buffer = this.#buffer ?? this.#create(mime);
    await this.#settled();
    // Resets the parser, which may stand within a fragment, and the window with it.
    if (this.#source.readyState === "open") buffer.abort();
    if (mime !== this.#mime) {
      buffer.changeType(mime);
      this.#mime = mime;
      this.initKey = null;
    }
    buffer.appendWindowEnd = Number.POSITIVE_INFINITY;
    buffer.appendWindowStart = windowStart;
    buffer.appendWindowEnd = windowEnd;
    buffer.timestampOffset = offset;
  }

  /** The same data goes on, but ends here. */
  endWindow(windowEnd: number): void {
    if (this.#buffer) this.#buffer.appendWindowEnd = windowEnd;
  }

  /** A piece of another song, of the same rung, before the parser goes on. */
  shift(offset: number): void {
    if (this.#buffer) this.#buffer.timestampOffset = offset;
  }

  async append(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const buffer = this.#require();
    await this.#settled();
    const done = this.#outcome(buffer);
    try {
      buffer.appendBuffer(bytes);
    } catch (error) {
      done.catch(() => undefined);
      if (error instanceof DOMException && error.name === "QuotaExceededError") throw new BufferFull();
      throw new Unusable(String(error));
    }
    await done;
  }

  async remove(start: number, end: number): Promise<void> {
    const buffer = this.#buffer;
    if (!buffer || end <= start || this.#source.readyState === "closed") return;
    await this.#settled();
    const done = this.#outcome(buffer);
    buffer.remove(start, end);
    await done;
  }

  /** Nothing comes after this; the element will say `ended`. */
  async end(): Promise<void> {
    await this.#settled();
    if (this.#source.readyState === "open") this.#source.endOfStream();
  }

  /** After `end`, positions beyond the data are legal again. */
  reopen(): void {
    const buffer = this.#buffer;
    if (this.#source.readyState !== "ended" || !buffer || buffer.updating) return;
    // Setting it, even to the same value, opens the source again.
    buffer.timestampOffset += 0;
    this.#source.duration = OPEN_END_SECONDS;
  }

  close(): void {
    URL.revokeObjectURL(this.#url);
  }

  #create(mime: string): SourceBuffer {
    const buffer = this.#source.addSourceBuffer(mime);
    this.#source.duration = OPEN_END_SECONDS;
    this.#buffer = buffer;
    this.#mime = mime;
    return buffer;
  }

  #require(): SourceBuffer {
    if (!this.#buffer) throw new Unusable("There is no source buffer.");
    return this.#buffer;
  }

  async #settled(): Promise<void> {
    const buffer = this.#buffer;
    if (buffer?.updating) await this.#outcome(buffer).catch(() => undefined);
  }

  #outcome(buffer: SourceBuffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = new AbortController();
      const on = (type: string, then: () => void): void => {
        buffer.addEventListener(type, () => { finish.abort(); then(); }, { signal: finish.signal });
      };
      on("error", () => { reject(new Unusable("The browser could not parse the media.")); });
      on("updateend", () => { resolve(); });
    });
  }
}
