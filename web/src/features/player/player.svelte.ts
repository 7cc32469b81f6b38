/** The engine's snapshots as state, and the songs behind its queue. */

import type { Song } from "../../api/types";
import type { Engine, EngineRequest, Playable, QueueEntry, Snapshot } from "../../engine";
import { shuffled } from "../../lib/reorder";

/** Where a queue came from, to say so and to lead back. */
export interface PlayingFrom {
  label: string;
  path: string;
}

const SEEK_STEP_MS = 10_000;
const VOLUME_STEP = 0.05;

export class Player {
  snapshot = $state.raw() as Snapshot;
  from = $state.raw<PlayingFrom | null>(null);
  /** The position while the listener holds the scrubber. */
  held = $state<number | null>(null);

  readonly playing = $derived(["playing", "loading", "stalled"].includes(this.snapshot.status));
  readonly waiting = $derived(["loading", "stalled"].includes(this.snapshot.status));
  readonly current = $derived.by(() => {
    const { song } = this.snapshot;
    return song === null ? null : (this.#songs.get(song.songId) ?? null);
  });
  readonly position = $derived(this.held ?? this.snapshot.positionMs);

  readonly #engine: Engine;
  // Only ever read along with the snapshot, which is what changes.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #songs = new Map<string, Song>();

  /** Told why, when nothing of what was asked for may be heard. */
  onwithheld: (detail: string) => void = () => undefined;

  /** Told when another song is the current one, or none. */
  onsong: (songId: string | null) => void = () => undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.snapshot = engine.snapshot;
    engine.subscribe((snapshot) => {
      const before = this.snapshot.song?.songId ?? null;
      this.snapshot = snapshot;
      const now = snapshot.song?.songId ?? null;
      if (now !== before) this.onsong(now);
    });
  }

  /** The position at this very moment, for what is drawn in every frame. */
  positionNow(): number {
    return this.held ?? this.#engine.positionMs();
  }

  songOf(entry: QueueEntry): Song | undefined {
    return this.#songs.get(entry.songId);
  }

  play(songs: readonly Song[], startIndex: number, from: PlayingFrom, positionMs = 0): void {
    const open = this.#open(songs);
    if (open.length === 0) return;
    const at = open.indexOf(songs.slice(startIndex).find((song) => open.includes(song)) ?? (open[0] as Song));
    const begin = open[at] === songs[startIndex] ? positionMs : 0;
    this.from = from;
    this.dispatch({ type: "play-queue", items: this.#playables(open), startIndex: at, positionMs: begin, shuffle: false });
  }

  /** Fill an empty queue and wait where it was left. */
  restore(songs: readonly Song[], startIndex: number, positionMs: number, from: PlayingFrom | null): void {
    if (songs.length === 0 || this.snapshot.queue.length > 0) return;
    this.from = from;
    this.dispatch({ type: "play-queue", items: this.#playables(songs), startIndex, positionMs, autoplay: false });
  }

  playShuffled(songs: readonly Song[], from: PlayingFrom): void {
    this.play(shuffled(songs, Math.random), 0, from);
  }

  playNext(songs: readonly Song[]): void {
    const open = this.#open(songs);
    if (open.length === 0) return;
    if (this.snapshot.queue.length === 0) this.#fill(open);
    else this.dispatch({ type: "play-next", items: this.#playables(open) });
  }

  enqueue(songs: readonly Song[]): void {
    const open = this.#open(songs);
    if (open.length === 0) return;
    if (this.snapshot.queue.length === 0) this.#fill(open);
    else this.dispatch({ type: "enqueue", items: this.#playables(open) });
  }

  /** Get ready for a song that is about to be asked for. */
  prefetch(song: Song): void {
    if (this.current?.id !== song.id && !song.attributes.availability) this.#engine.prefetch(song.id);
  }

  toggle(): void {
    this.dispatch({ type: "toggle" });
  }

  seek(positionMs: number): void {
    this.held = null;
    this.dispatch({ type: "seek", positionMs });
  }

  seekBy(direction: 1 | -1): void {
    const to = this.positionNow() + direction * SEEK_STEP_MS;
    this.seek(Math.min(Math.max(to, 0), this.snapshot.durationMs));
  }

  setVolume(volume: number): void {
    if (this.snapshot.muted) this.dispatch({ type: "set-muted", muted: false });
    this.dispatch({ type: "set-volume", volume: Math.min(Math.max(volume, 0), 1) });
  }

  louder(direction: 1 | -1): void {
    this.setVolume(this.snapshot.volume + direction * VOLUME_STEP);
  }

  toggleMuted(): void {
    this.dispatch({ type: "set-muted", muted: !this.snapshot.muted });
  }

  toggleShuffle(): void {
    this.dispatch({ type: "set-shuffle", shuffle: !this.snapshot.shuffle });
  }

  cycleRepeat(): void {
    const next = { off: "all", all: "one", one: "off" } as const;
    this.dispatch({ type: "set-repeat", repeat: next[this.snapshot.repeat] });
  }

  dispatch(request: EngineRequest): void {
    this.#engine.dispatch(request);
  }

  /** Stop and forget: at signing out. */
  stop(): void {
    this.dispatch({ type: "stop" });
    this.from = null;
    this.#songs.clear();
  }

  /** The songs that may be heard; where there is none, the listener is told why. */
  #open(songs: readonly Song[]): Song[] {
    const open = songs.filter((song) => !song.attributes.availability);
    const why = songs[0]?.attributes.availability;
    if (open.length === 0 && why) this.onwithheld(why.detail);
    return open;
  }

  #fill(songs: readonly Song[]): void {
    this.dispatch({ type: "play-queue", items: this.#playables(songs), startIndex: 0, autoplay: false });
  }

  #playables(songs: readonly Song[]): Playable[] {
    for (const song of songs) this.#songs.set(song.id, song);
    return songs.map(playableOf);
  }
}

/** A song as the engine needs it. */
export function playableOf(song: Song): Playable {
  const { attributes: of } = song;
  return {
    songId: song.id,
    title: of.name,
    artistName: of.artistName,
    albumName: of.albumName,
    albumId: song.relationships?.["albums"]?.data[0]?.id,
    discNumber: of.discNumber,
    trackNumber: of.trackNumber,
    durationMs: of.durationInMillis,
    artworkUrl: of.artwork?.url,
  };
}
