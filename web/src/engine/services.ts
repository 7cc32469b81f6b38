/** What the decks share, and what they ask of whoever owns them. */

import type { Choice, Throughput } from "./abr";
import type { Clock } from "./clock";
import type { Laid } from "./deck";
import type { GrantBook } from "./grants";
import type { Media } from "./media";
import type { Offer } from "./offers";
import type {
  EngineError,
  Grant,
  Immersion,
  Normalisation,
  Quality,
  QueueEntry,
  Transport,
  TransportError,
  Variant,
} from "./types";

/** Decides which rung a segment comes in; null when none can be played. */
export type Chooser = (choice: Choice) => Variant | null;

export interface Services {
  readonly clock: Clock;
  readonly grants: GrantBook;
  readonly media: Media;
  readonly throughput: Throughput;
  readonly transport: Transport;
  readonly choose: Chooser;
  readonly quality: () => Quality;
  /** In which form, and from which rungs, a song is heard as things are. */
  readonly offer: (grant: Grant) => Offer;
  /** Grant, init section and first segment, for later. */
  readonly prefetch: (songId: string, signal: AbortSignal) => void;
  /** A request failed and will be tried again. */
  readonly onWait: (error: TransportError) => void;
  /** Calls when the network came back; returns how to stop listening. */
  readonly hurry: (wake: () => void) => () => void;
}

export interface DeckHost {
  /** What follows on this deck; null when nothing does. */
  following(entry: QueueEntry): QueueEntry | null;
  changed(): void;
  failed(error: unknown): void;
  /** The keys of the song that is due were refused, or are no longer given. */
  locked(song: Laid, error: unknown): void;
}

/** What a player needs to know of the listener's wishes. */
export interface Wishes {
  readonly normalisation: Normalisation;
  readonly crossfadeMs: number;
  readonly volume: number;
  readonly muted: boolean;
}

export type Sound = "loading" | "playing" | "stalled" | "paused";

/** The engine, as its players see it. */
export interface PlayerHost {
  readonly wishes: Wishes;
  /** What plays by itself after this entry. */
  following(entry: QueueEntry): QueueEntry | null;
  /** The next song began by itself. */
  entered(entry: QueueEntry): void;
  sounds(sound: Sound): void;
  /** Nothing follows and the last song is over. */
  ended(): void;
  failed(error: EngineError): void;
  /** A field cannot be played here after all; what is heard instead is offered from now on. */
  fieldFailed(): void;
  changed(): void;
}

/** What plays one song after the other: our own engine, or one of the fallbacks. */
export interface Player {
  readonly grant: Grant | null;
  readonly variant: Variant | null;
  /** As what the current song is heard. */
  readonly immersion: Immersion | null;
  readonly positionMs: number;
  readonly bufferedMs: number;
  readonly gainDb: number;
  /** Prepare what takes time; needs a gesture where the browser asks for one. */
  warmUp(): void;
  /** This song, from here; sounding if `playing`. */
  open(entry: QueueEntry, positionMs: number, playing: boolean): void;
  play(): void;
  pause(): void;
  seek(positionMs: number): void;
  /** What follows may be another song now. */
  refresh(): void;
  /** The listener wants another volume, normalisation or crossfade. */
  adjust(): void;
  /** The listener wants another quality, or another form. */
  requalify(): void;
  stop(): void;
  destroy(): void;
}
