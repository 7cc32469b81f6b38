/**
 * One media element and the songs on its timeline, laid one behind the other and appended segment by
 * segment by a single pump.
 *
 * The pump is the only one that touches the sink. To change the course (a jump, a seek out of the
 * buffer, another queue), the pump is stopped, waited for, and started again from a new cursor.
 */

import { Filler, type Playhead } from "./filler";
import { isAlbumNeighbour } from "./queue";
import { Locks } from "./locks";
import type { Form, Offer } from "./offers";
import { isStaleGrant, retrying } from "./retry";
import type { DeckHost, Services } from "./services";
import { Sink } from "./sink";
import {
  durationOf,
  endOf,
  LARGEST_CUE_SHIFT_SECONDS,
  offsetOf,
  planAppend,
  segmentOf,
  segmentStart,
  type AppendPlan,
  type Place,
} from "./timeline";
import { TransportError, type Grant, type QueueEntry, type Variant } from "./types";

/** A song on this deck's timeline. */
export interface Laid extends Place {
  readonly entry: QueueEntry;
  /** What its rungs are chosen from. */
  readonly offer: Offer;
  /** The song before leads into this one; null when something else was before. */
  readonly previous: Laid | null;
  /** Where its first appended sample lies: `start`, or a few samples beside it. */
  readonly seam: number;
  /** Which rung sounds from where on. */
  readonly rungs: readonly { readonly from: number; readonly variant: Variant }[];
  /** All of it is appended. */
  readonly complete: boolean;
}

/** Buffered ahead of the playhead, bytes permitting. */
const GOAL_SECONDS = 30;
/** Preroll costs a segment: not with less than this ahead. */
const PREROLL_ABOVE_SECONDS = 2;
/** After a seek, a join this close to the playhead would be heard. */
const AUDIBLE_SECONDS = 0.05;
/** The first song lies where a fresh element stands anyway, which saves it a seek. */
const FIRST_START = 0;
/** Between songs that were not appended one after the other. */
const ISLAND_GAP_SECONDS = 1;
const KEEP_BEHIND_SECONDS = 10;
/** When the quality changes, this much of the old one is still played. */
const REQUALIFY_AFTER_SECONDS = 3;
/** Decoders have read no further than this. */
const DECODED_AHEAD_SECONDS = 1.5;
const NEXT_GRANT_PATIENCE_MS = 2000;
const ATTEMPTS = 9;

interface Pump {
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

export class Deck implements Playhead {
  readonly element: HTMLAudioElement;
  /** Of all songs here: an element keeps the number of its channels. */
  readonly form: Form;
  readonly #services: Services;
  readonly #host: DeckHost;
  readonly #locks: Locks;
  #sink: Sink;
  #filler: Filler;
  #songs: readonly Laid[] = [];
  #timelineEnd = FIRST_START;
  #pump: Pump | null = null;
  #idle = true;
  #target: number | null = null;
  /** The cursor at the last renewal of a grant: a second one there would not help. */
  #renewedAt: number | null = null;
  /** What the next pump must drop before it appends. */
  #dropFrom: number | null = null;

  constructor(element: HTMLAudioElement, form: Form, services: Services, host: DeckHost) {
    this.form = form;
    this.#services = services;
    this.#host = host;
    this.element = element;
    element.preload = "auto";
    const { transport, clock, hurry } = services;
    const refused = (grant: Grant, error: unknown): void => { this.#lockedOut(grant, error); };
    this.#locks = new Locks(element, { transport, clock, hurry, refused });
    this.#sink = new Sink(element, this.#locks.ready);
    this.#filler = new Filler(this.#sink, services, this);
    element.addEventListener("loadedmetadata", () => { this.#repeatSeek(); });
    element.addEventListener("timeupdate", () => { this.#filler.wake(); });
  }

  /** Open the source and a buffer for this codec, so that the first song finds them ready. */
  warm(codecs: string): void {
    void this.#sink.warm(codecs).catch(() => undefined);
  }

  // ----------------------------------------------------------------------------- what lies where

  get now(): number {
    return this.element.currentTime;
  }

  get ahead(): number {
    return this.bufferedUntil - this.now;
  }

  get laid(): readonly Laid[] {
    return this.#songs;
  }

  get #laid(): readonly Laid[] {
    return this.#songs;
  }

  /** What lies here is what keys are held for. */
  set #laid(songs: readonly Laid[]) {
    this.#songs = songs;
    this.#locks.keep(songs.map(({ grant }) => grant));
  }

  get bufferedBytes(): number {
    return this.#filler.ledger.bytes;
  }

  /** The song at the playhead. */
  get playing(): Laid | null {
    const now = this.now;
    return this.#laid.findLast((song) => song.seam <= now + 0.001) ?? this.#laid[0] ?? null;
  }

  /** The rung at the playhead. */
  get variant(): Variant | null {
    const song = this.playing;
    return song && variantAt(song, this.now);
  }

  /** The end of the buffered stretch around the playhead; the playhead itself when there is none. */
  get bufferedUntil(): number {
    const now = this.now;
    return this.#ranges().find(([start, end]) => start <= now + 0.1 && now < end)?.[1] ?? now;
  }

  /** Where the next buffered stretch begins after the playhead, if there is one. */
  get nextStretch(): number | null {
    const now = this.now;
    return this.#ranges().find(([start]) => start > now)?.[0] ?? null;
  }

  isBuffered(time: number): boolean {
    return this.#ranges().some(([start, end]) => start - 0.001 <= time && time < end - 0.05);
  }

  #ranges(): [number, number][] {
    const ranges = this.#sink.buffered;
    return Array.from({ length: ranges?.length ?? 0 }, (_, i) => [
      ranges?.start(i) ?? 0,
      ranges?.end(i) ?? 0,
    ]);
  }

  // -------------------------------------------------------------------------- changes of course

  /** Fall silent and keep a place for a song whose grant is on its way. */
  vacate(seconds: number): number {
    const start = this.#timelineEnd === FIRST_START ? FIRST_START : Math.ceil(this.#timelineEnd) + ISLAND_GAP_SECONDS;
    this.#timelineEnd = start + ISLAND_GAP_SECONDS;
    this.#pump?.controller.abort();
    this.#laid = [];
    this.#sink.reopen();
    this.#goTo(start + seconds);
    return start;
  }

  /** Play this song at the place that `vacate` kept; its offer is of this deck's form. */
  open(entry: QueueEntry, grant: Grant, offer: Offer, start: number, seconds: number): void {
    this.#locks.forgive();
    this.#restart({ entry, grant, offer, start, previous: null, seam: start, complete: false, rungs: [] }, seconds);
  }

  /** Go to a place in a song that is laid here, within the buffer if it is there. */
  seek(song: Laid, seconds: number): void {
    const target = Math.max(targetIn(song, seconds), song.seam);
    if (this.isBuffered(target)) {
      this.element.currentTime = target;
      this.#filler.wake();
    } else {
      this.#restart({ ...song, previous: null, seam: song.start, complete: false, rungs: [] }, seconds);
    }
  }

  /** What follows may have changed: take back what was laid for it and go on. */
  refresh(): void {
    const from = this.#laid.findIndex((song, i) => {
      const before = this.#laid[i - 1];
      return before && song.seam > this.now && this.#host.following(before.entry)?.key !== song.entry.key;
    });
    if (from > 0) this.#takeBack(from);
    else this.resume();
    this.#filler.wake();
  }

  /** Work again after the end was reached, or after a failure. */
  resume(): void {
    this.#locks.forgive();
    if (this.#idle && this.#laid.length > 0) this.#start(this.#filler.cursor);
  }

  /** Replace what is buffered a little ahead by another choice of rungs. */
  async requalify(): Promise<void> {
    const keepUntil = this.now + REQUALIFY_AFTER_SECONDS;
    await this.#halt();
    const song = this.#laid.findLast(({ seam }) => seam <= keepUntil);
    const variant = song && variantAt(song, keepUntil);
    if (!song || !variant) {
      this.resume();
      return;
    }
    await this.#filler.drop(keepUntil, Number.POSITIVE_INFINITY);
    this.#filler.snap(this.now, song, variant);
    const kept = this.#laid.slice(0, this.#laid.indexOf(song));
    const rungs = song.rungs.filter(({ from }) => from <= this.#filler.cursor);
    const grant = await this.#services.grants.get(song.grant.songId, AbortSignal.timeout(4000)).catch(() => song.grant);
    this.#laid = [...kept, { ...this.#renewed(song, grant), rungs, complete: this.#filler.cursor >= endOf(song) - 0.001 }];
    this.#start(this.#filler.cursor);
  }

  async stop(): Promise<void> {
    this.element.pause();
    this.#laid = [];
    await this.#halt();
    await this.#filler.drop(0, Number.POSITIVE_INFINITY).catch(() => undefined);
  }

  /** After an error of the element nothing of it can be used again. */
  async rebuild(): Promise<void> {
    await this.#halt();
    this.#sink.close();
    this.#laid = [];
    this.#timelineEnd = FIRST_START;
    this.#sink = new Sink(this.element, this.#locks.ready);
    this.#filler = new Filler(this.#sink, this.#services, this);
  }

  destroy(): void {
    this.#pump?.controller.abort();
    this.element.pause();
    this.#locks.keep([]);
    this.#sink.close();
    this.element.removeAttribute("src");
    this.element.load();
  }

  #restart(song: Laid, seconds: number): void {
    const target = targetIn(song, seconds);
    this.#laid = [song];
    this.#timelineEnd = Math.max(this.#timelineEnd, endOf(song));
    this.#sink.reopen();
    this.#goTo(target);
    this.#dropFrom = 0;
    this.#start(target);
  }

  /**
   * A seek before there is data lets the element prepare while the data is fetched. Before there is
   * even an init section, browsers tend to forget it: it is repeated then.
   */
  #goTo(target: number): void {
    this.#target = this.element.readyState === HTMLMediaElement.HAVE_NOTHING ? target : null;
    if (this.now !== target) this.element.currentTime = target;
  }

  #repeatSeek(): void {
    const target = this.#target;
    this.#target = null;
    if (target !== null && this.now !== target && !this.element.seeking) this.element.currentTime = target;
  }

  #takeBack(from: number): void {
    const seam = this.#laid[from]?.seam ?? this.#filler.cursor;
    this.#laid = this.#laid.slice(0, from);
    const before = this.#laid.at(-1);
    const cursor = before ? Math.min(seam, endOf(before)) : seam;
    this.#dropFrom = seam;
    this.#start(cursor);
  }

  #start(cursor: number): void {
    const before = this.#pump;
    before?.controller.abort();
    const controller = new AbortController();
    this.#idle = false;
    const done = (async () => {
      await before?.done;
      if (controller.signal.aborted) return;
      this.#filler.moveTo(cursor);
      await this.#run(controller.signal);
    })().catch((error: unknown) => {
      if (controller.signal.aborted) return;
      this.#idle = true;
      this.#host.failed(error);
    });
    this.#pump = { controller, done };
  }

  async #halt(): Promise<void> {
    const pump = this.#pump;
    pump?.controller.abort();
    await pump?.done;
    this.#idle = true;
  }

  // ------------------------------------------------------------------------------------- the pump

  async #run(signal: AbortSignal): Promise<void> {
    const dropFrom = this.#dropFrom;
    this.#dropFrom = null;
    if (dropFrom !== null && this.bufferedBytes > 0) this.#filler.dropFirst(dropFrom);
    for (;;) {
      const song = await this.#songToFill(signal);
      if (!song) break;
      await this.#untilNeeded(signal);
      await this.#appendNext(song, signal);
    }
    await this.#sink.end();
    this.#idle = true;
  }

  /** The song that the cursor stands in, laying the next one when the last is complete. */
  async #songToFill(signal: AbortSignal): Promise<Laid | null> {
    const tail = this.#laid.at(-1);
    if (!tail?.complete) return tail ?? null;
    const entry = this.#host.following(tail.entry);
    if (!entry) return null;
    const grant = await this.#services.grants.get(entry.songId, signal).catch(() => null);
    signal.throwIfAborted();
    // Without a grant or without keys the stream ends here; whoever opens the song then learns why.
    if (!grant || this.#locks.refusal(grant) !== null) return null;
    if (this.#host.following(tail.entry)?.key !== entry.key) return this.#songToFill(signal);
    const offer = this.#services.offer(grant);
    // It ends as well where a song of another form follows: that one is for another deck.
    return offer.form === this.form ? this.#lay(tail, entry, grant, offer) : null;
  }

  #lay(tail: Laid, entry: QueueEntry, grant: Grant, offer: Offer): Laid {
    const cursor = this.#filler.cursor;
    const neighbours = isAlbumNeighbour(tail.entry, entry);
    const near = Math.abs(cursor - endOf(tail)) < LARGEST_CUE_SHIFT_SECONDS;
    const song: Laid = {
      entry,
      grant,
      offer,
      start: neighbours && near ? endOf(tail) : cursor,
      previous: neighbours ? tail : null,
      seam: cursor,
      complete: false,
      rungs: [],
    };
    const longAgo = this.now - KEEP_BEHIND_SECONDS;
    this.#laid = [...this.#laid.filter((old) => endOf(old) > longAgo), song];
    this.#timelineEnd = Math.max(this.#timelineEnd, endOf(song));
    this.#host.changed();
    return song;
  }

  async #untilNeeded(signal: AbortSignal): Promise<void> {
    while (this.#filler.cursor - this.now > GOAL_SECONDS) {
      this.#fetchAhead(signal);
      await this.#filler.nextWake(signal);
    }
  }

  /** The next song's grant and first bytes, so that a skip finds them here. */
  #fetchAhead(signal: AbortSignal): void {
    const tail = this.#laid.at(-1);
    const next = tail && this.#host.following(tail.entry);
    if (next) this.#services.prefetch(next.songId, signal);
  }

  async #appendNext(song: Laid, signal: AbortSignal): Promise<void> {
    const variant = this.#choose(song);
    const plan = await this.#plan(song, variant, signal);
    const filling = this.#note(song, plan, variant);
    try {
      const whole = await this.#append(filling, plan, signal);
      if (whole && plan.completes) this.#replace(filling, { ...filling, complete: true });
    } catch (error) {
      if (signal.aborted || !isStaleGrant(error) || this.#renewedAt === this.#filler.cursor) throw error;
      await this.#renew(filling, signal);
    }
    this.#host.changed();
  }

  #choose(song: Laid): Variant {
    const choice = this.#services.choose({
      variants: song.offer.variants,
      quality: this.#services.quality(),
      bitsPerSecond: this.#services.throughput.bitsPerSecond,
      bufferedSeconds: Math.max(0, this.#filler.cursor - this.now),
      rung: this.#filler.last?.variant.rung ?? this.variant?.rung ?? null,
      proposed: song.grant.decision.chosen,
    });
    if (!choice) throw new UnsupportedSong();
    return choice;
  }

  async #plan(song: Laid, variant: Variant, signal: AbortSignal): Promise<AppendPlan> {
    const fresh = song.rungs.length === 0 && song.previous === null && this.#laid.length === 1;
    if (fresh) this.#alignCursor(song, variant);
    const { cursor, last } = this.#filler;
    const index = segmentOf(variant, (cursor - offsetOf(song, variant)) * variant.sampleRate);
    const ends = index === variant.segments.length - 1;
    return planAppend({
      place: song,
      variant,
      cursor,
      last,
      previous: song.previous,
      next: ends && !variant.lossless ? await this.#nextGrant(song, signal) : null,
      exact: fresh ? this.now - cursor < AUDIBLE_SECONDS : cursor - this.now > PREROLL_ABOVE_SECONDS,
    });
  }

  /** After a seek, begin with the whole segment around the playhead. */
  #alignCursor(song: Laid, variant: Variant): void {
    const sample = (this.#filler.cursor - offsetOf(song, variant)) * variant.sampleRate;
    const index = segmentOf(variant, sample);
    this.#filler.moveTo(index > 0 ? segmentStart(song, variant, index) : song.start);
  }

  /** The grant of the song that this one leads into, if any. */
  async #nextGrant(song: Laid, signal: AbortSignal): Promise<Grant | null> {
    const next = this.#host.following(song.entry);
    if (!next || !isAlbumNeighbour(song.entry, next)) return null;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(NEXT_GRANT_PATIENCE_MS)]);
    const grant = await this.#services.grants.get(next.songId, patience).catch(() => null);
    signal.throwIfAborted();
    return grant;
  }

  /** Remember what sounds from the cursor on. */
  #note(song: Laid, plan: AppendPlan, variant: Variant): Laid {
    if (song.rungs.at(-1)?.variant === variant) return song;
    const seam = song.rungs.length === 0 ? plan.windowStart : song.seam;
    const rungs = [...song.rungs, { from: plan.windowStart, variant }];
    return this.#replace(song, { ...song, seam, rungs });
  }

  /** Songs are values: what changes is put in their place, and the plan's pieces keep their own. */
  #replace(old: Laid, song: Laid): Laid {
    this.#laid = this.#laid.map((one) => (one === old ? song : one));
    return song;
  }

  async #append(song: Laid, plan: AppendPlan, signal: AbortSignal): Promise<boolean> {
    const { clock, onWait, hurry } = this.#services;
    const ladder = song.offer.variants;
    const attempt = (): Promise<boolean> => {
      // After a break the same segment goes on at the frame where it broke off.
      const windowStart = Math.max(plan.windowStart, this.#filler.cursor);
      return this.#filler.append({ ...plan, windowStart }, ladder, signal);
    };
    return retrying(attempt, { clock, signal, attempts: ATTEMPTS, onWait, hurry });
  }

  /** The server no longer honours the grant's addresses: ask for others and go on. */
  async #renew(song: Laid, signal: AbortSignal): Promise<void> {
    this.#renewedAt = this.#filler.cursor;
    this.#services.grants.forget(song.grant.songId);
    const grant = await this.#services.grants.get(song.grant.songId, signal);
    signal.throwIfAborted();
    this.#filler.moveTo(this.#filler.cursor);
    this.#replace(song, this.#renewed(song, grant));
  }

  /** The same song with other addresses. As another form it would be opened elsewhere, so it stays what it was. */
  #renewed(song: Laid, grant: Grant): Laid {
    const offer = this.#services.offer(grant);
    return { ...song, grant, offer: offer.form === this.form ? offer : song.offer };
  }

  /** No keys for a song: a grant that was too old is renewed, anything else is for the listener to know. */
  #lockedOut(grant: Grant, error: unknown): void {
    if (!isGrantEnded(error)) {
      this.#withhold(grant, error);
      return;
    }
    this.#services.grants.forget(grant.songId);
    this.#services.grants.get(grant.songId, AbortSignal.timeout(30_000)).then(
      (renewed) => {
        this.#laid = this.#laid.map((song) => (song.grant === grant ? this.#renewed(song, renewed) : song));
      },
      (fault: unknown) => { this.#withhold(grant, fault); },
    );
  }

  /** A song without keys: taken back while there is time, so that no decoder waits for them at its seam. */
  #withhold(grant: Grant, error: unknown): void {
    const at = this.#laid.findIndex((song) => song.grant === grant);
    const song = this.#laid[at];
    if (!song) return;
    if (at > 0 && song.seam - this.now > DECODED_AHEAD_SECONDS) this.#takeBack(at);
    else this.#host.locked(song, error);
  }
}

/** No rung of the grant plays here. */
export class UnsupportedSong extends Error {
  override readonly name = "UnsupportedSong";
}

function isGrantEnded(error: unknown): boolean {
  return error instanceof TransportError && error.code === "grant_ended";
}

function targetIn(song: Laid, seconds: number): number {
  return song.start + Math.min(Math.max(0, seconds), Math.max(0, durationOf(song.grant) - 0.01));
}

function variantAt(song: Laid, time: number): Variant | null {
  const at = song.rungs.findLast(({ from }) => from <= time + 0.001) ?? song.rungs[0];
  return at?.variant ?? null;
}
