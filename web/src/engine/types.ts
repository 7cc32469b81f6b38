/**
 * The engine's words: requests go in, immutable snapshots come out.
 *
 * Who renders a player dispatches requests and draws the latest snapshot; the state changes only when
 * its owner (the media element, the server) says so. The engine knows no widget and no framework.
 */

import type { Hearing } from "../spatial/fieldListener";
import type { Quaternion } from "../spatial/pose";

export type { Hearing, Quaternion };

// ---------------------------------------------------------------------------------------- the queue

/** A song as the queue needs it: enough to play it and to tell the system what plays. */
export interface Playable {
  readonly songId: string;
  readonly title: string;
  readonly artistName: string;
  readonly albumName: string;
  /** Consecutive songs of one album are not crossfaded and may share album loudness. */
  readonly albumId?: string | undefined;
  readonly discNumber?: number | undefined;
  readonly trackNumber?: number | undefined;
  readonly durationMs: number;
  /** Literal `{w}` stands for a width out of 64, 128, 300, 600, 1200. */
  readonly artworkUrl?: string | undefined;
}

/** One place in the queue; the same song may stand in several. */
export interface QueueEntry extends Playable {
  readonly key: string;
}

export type Repeat = "off" | "all" | "one";
export type Normalisation = "album" | "track" | "off";
export type Quality = "auto" | "lossless" | "high" | "standard" | "low";
/** Whether songs that have a scene are heard in space: where it serves, wherever it can be, never. */
export type SpatialWish = "automatic" | "always" | "off";

// --------------------------------------------------------------------------------------- requests

export type EngineRequest =
  | {
      readonly type: "play-queue";
      readonly items: readonly Playable[];
      readonly startIndex?: number;
      readonly positionMs?: number;
      readonly shuffle?: boolean;
      /** False fills the queue and waits, as after a reload of the page. */
      readonly autoplay?: boolean;
    }
  | { readonly type: "play" }
  | { readonly type: "pause" }
  | { readonly type: "toggle" }
  | { readonly type: "stop" }
  | { readonly type: "next" }
  /** To the start of this song, or to the one before when less than three seconds were played. */
  | { readonly type: "previous" }
  | { readonly type: "seek"; readonly positionMs: number }
  | { readonly type: "jump"; readonly key: string }
  | { readonly type: "play-next"; readonly items: readonly Playable[] }
  | { readonly type: "enqueue"; readonly items: readonly Playable[] }
  | { readonly type: "remove"; readonly key: string }
  /** `toIndex` is the index in the queue after the move. */
  | { readonly type: "move"; readonly key: string; readonly toIndex: number }
  | { readonly type: "clear-upcoming" }
  | { readonly type: "set-volume"; readonly volume: number }
  | { readonly type: "set-muted"; readonly muted: boolean }
  | { readonly type: "set-shuffle"; readonly shuffle: boolean }
  | { readonly type: "set-repeat"; readonly repeat: Repeat }
  | { readonly type: "set-normalisation"; readonly normalisation: Normalisation }
  | { readonly type: "set-crossfade"; readonly milliseconds: number }
  | { readonly type: "set-quality"; readonly quality: Quality }
  | { readonly type: "set-spatial"; readonly spatial: SpatialWish }
  | { readonly type: "set-hearing"; readonly hearing: Hearing };

// -------------------------------------------------------------------------------------- snapshots

/**
 * - `idle`: the queue is empty;
 * - `loading`: asked to play, nothing sounds yet;
 * - `playing`: sounding;
 * - `stalled`: should sound, but the buffer ran dry;
 * - `paused`: by the listener (or by the browser, which wants a gesture first: `error.code` is `autoplay_blocked`);
 * - `ended`: the last song of the queue is over;
 * - `failed`: gave up on this song; `error` says why, `play` tries again.
 */
export type Status = "idle" | "loading" | "playing" | "stalled" | "paused" | "ended" | "failed";

/** What is sounding now. */
export interface PlayingVariant {
  readonly rung: string;
  readonly codecs: string;
  readonly lossless: boolean;
  readonly bitsPerSecond: number;
  readonly sampleRate: number;
  /** Zero for lossy codecs, which have none. */
  readonly bitDepth: number;
  readonly channels: number;
}

/** How a song is heard in space: with a head that turns, or as ears heard it once and for all. */
export interface Immersion {
  readonly kind: "ambisonics" | "binaural";
  /** Where the scene's objects are told of; null when nowhere. */
  readonly scene: string | null;
}

/** Why the server chose what it offers; shown under "about this stream". */
export interface Decision {
  readonly chosen: string;
  readonly reasons: readonly { readonly code: string; readonly detail?: string }[];
  readonly excluded: readonly { readonly rung: string; readonly code: string; readonly detail?: string }[];
}

export interface EngineError {
  /** Stable: `unreachable`, `not_ready`, `not_found`, `denied`, `unsupported`, `protected`, `too_many_streams`, `decode`, `autoplay_blocked`. */
  readonly code: string;
  readonly message: string;
  /** Whether `play` (or waiting) may help. */
  readonly recoverable: boolean;
}

/** Which machinery plays: our own MSE engine, the browser's HLS, or Shaka. */
export type Backend = "mse" | "native" | "shaka";

export interface Snapshot {
  readonly status: Status;
  /** In the order in which it will play. */
  readonly queue: readonly QueueEntry[];
  /** Of the current entry in `queue`; -1 when the queue is empty. */
  readonly index: number;
  readonly song: QueueEntry | null;
  readonly positionMs: number;
  readonly durationMs: number;
  /** How far this song can be played without the network. */
  readonly bufferedMs: number;
  readonly variant: PlayingVariant | null;
  readonly decision: Decision | null;
  /** Null while stereo plays. */
  readonly immersion: Immersion | null;
  /** What normalisation does to the current song, in dB; 0 when off or not known. */
  readonly gainDb: number;
  readonly canGoNext: boolean;
  readonly canGoPrevious: boolean;
  readonly volume: number;
  readonly muted: boolean;
  readonly normalisation: Normalisation;
  readonly crossfadeMs: number;
  readonly shuffle: boolean;
  readonly repeat: Repeat;
  readonly quality: Quality;
  readonly spatial: SpatialWish;
  readonly hearing: Hearing;
  readonly error: EngineError | null;
  readonly backend: Backend;
}

export type Listener = (snapshot: Snapshot) => void;

export interface Engine {
  readonly snapshot: Snapshot;
  dispatch(request: EngineRequest): void;
  /** Calls at once with the present snapshot, then at every change; about four times a second while playing. */
  subscribe(listener: Listener): () => void;
  /** The position at this very moment, for lyrics and progress bars drawn in every frame. */
  positionMs(): number;
  /** Where the listener's head looks from now on; heard within the next block of audio. */
  look(pose: Quaternion): void;
  /**
   * Opens what takes time (media source, audio output) before the first tap lands. Call it on the
   * first `pointerdown` or `keydown` of the page; calling it again costs nothing.
   */
  warmUp(): void;
  /** Fetch the grant and first segment of a song that will probably be played next (hover, focus). */
  prefetch(songId: string): void;
  destroy(): void;
}

// -------------------------------------------------------------------------------------- transport

export interface Loudness {
  readonly integrated: number;
  readonly truePeak: number;
  readonly albumIntegrated?: number | null;
  readonly albumTruePeak?: number | null;
}

/** `[samples, bytes]` of one segment. */
export type SegmentInfo = readonly [samples: number, bytes: number];

export interface Variant {
  readonly rung: string;
  readonly codecs: string;
  readonly mime: string;
  readonly bandwidth: number;
  readonly averageBandwidth: number;
  readonly sampleRate: number;
  readonly bitDepth: number;
  readonly channels: number;
  readonly lossless: boolean;
  readonly playlistUrl: string;
  readonly baseUrl: string;
  readonly init: string;
  readonly priming: number;
  readonly cueShift: number;
  readonly samples: number;
  readonly segments: readonly SegmentInfo[];
  /** The id of the key that opens it, in hex; null in the clear. */
  readonly kid: string | null;
}

/** One way to hear the song's scene. */
export interface SpatialRendition extends Variant {
  readonly kind: "ambisonics" | "binaural" | "5.1" | "7.1" | "7.1.4";
  /** What brings it to the level of the song's stereo. */
  readonly gainDb: number;
}

export interface SpatialRenditions {
  readonly renditions: readonly SpatialRendition[];
  readonly scene: string | null;
}

/** How a song is encrypted; without a licence URL its keys come by a DRM system that this player has not. */
export interface Protection {
  readonly scheme: "cbcs";
  readonly licenceUrl: string | null;
}

/** When to ask again. */
export interface Lease {
  readonly renewInMs: number;
}

/** The server's leave to play one song, and all that is needed to do so. */
export interface Grant {
  readonly id: string;
  readonly songId: string;
  readonly playlistUrl: string;
  readonly progressiveUrl: string;
  readonly expiresAt: string;
  readonly protection: Protection | null;
  readonly durationInSamples: number;
  readonly sampleRate: number;
  readonly loudness: Loudness | null;
  readonly variants: readonly Variant[];
  /** There only for songs that have a scene, when it was asked for. */
  readonly spatial?: SpatialRenditions | null;
  readonly decision: Decision;
}

export interface Capabilities {
  readonly codecs: readonly string[];
  readonly maxSampleRate?: number;
  readonly maxChannels?: number;
  readonly mse: boolean;
  readonly hls: boolean;
}

export interface GrantRequest {
  readonly songId: string;
  readonly capabilities: Capabilities;
  readonly network: { readonly kbps?: number; readonly saveData?: boolean };
  readonly preference: Quality;
  readonly spatial: SpatialWish;
}

export type PlayEventType = "started" | "progress" | "paused" | "ended" | "skipped";

export interface PlayEvent {
  readonly type: PlayEventType;
  readonly positionMs: number;
  /** ISO 8601, by this device's clock. */
  readonly at: string;
}

/**
 * How the engine reaches the server; the application gives it one that knows about signing in.
 * Every method rejects with a `TransportError` and with nothing else (save an abort).
 */
export interface Transport {
  grant(request: GrantRequest, signal?: AbortSignal): Promise<Grant>;
  /** `leaving` is true while the page goes away: send it so that it survives (keepalive). */
  events(grantId: string, events: readonly PlayEvent[], leaving: boolean): Promise<void>;
  /** Media below a grant's URLs: signed, so without a token. */
  media(url: string, signal?: AbortSignal): Promise<Response>;
  /** Keys as W3C Clear Key JSON, with a lease. */
  licence(url: string, request: string, signal?: AbortSignal): Promise<{ keys: ArrayBuffer; lease: Lease }>;
  renew(url: string, signal?: AbortSignal): Promise<Lease>;
  release(url: string): Promise<void>;
}

/** Why the transport could not deliver; `status` 0 means that the server was not reached. */
export class TransportError extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterMs: number | null;

  constructor(status: number, code: string, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.name = "TransportError";
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}
