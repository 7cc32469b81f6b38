/**
 * The queue engine proper: one deck for everything that is gapless, others for crossfades and for songs of another form.
 *
 * An element hands on as many channels as its first song has, so a field and stereo never share one. Where one follows
 * the other, the next deck is filled beforehand and started so that its first sound falls on the seam, to the few
 * milliseconds in which a browser starts an element; the song before plays to its own end.
 */

import { isAbort } from "./clock";
import { Deck, type Laid } from "./deck";
import { gainDb } from "./loudness";
import type { Form, Offer } from "./offers";
import type { Channel, Output } from "./output";
import { problem, problemOf } from "./problems";
import { isAlbumNeighbour } from "./queue";
import type { Player, PlayerHost, Services } from "./services";
import { Unusable } from "./sink";
import { durationOf, endOf } from "./timeline";
import type { Grant, Immersion, QueueEntry, Variant } from "./types";

/** The gain of the next song is planned this long before its seam. */
const PLAN_SECONDS = 2;
/** The other deck is filled this long before a crossfade. */
const READY_SECONDS = 12;
/** An element sounds about so long after it is told to play. */
const START_SECONDS = 0.03;
/** What is over is stopped when it has surely been heard. */
const OVER_SECONDS = 0.5;
/** Longer than this nobody waits for the worklet; stereo is heard then. */
const PREPARE_MS = 4000;
/** What a field is coded with. */
const FIELD_CODECS = "opus";
const WATCH_MS = 500;
/** No progress for so long, though there is data: the element needs a push. */
const STUCK_MS = 1500;
/** A song that failed to decode is tried once more, but not again and again. */
const REBUILD_PAUSE_MS = 15_000;

interface Side {
  readonly deck: Deck;
  readonly channel: Channel;
}

/** How the next song's deck takes over. */
interface Change {
  /** Before the end of the song. */
  readonly seconds: number;
  readonly fades: boolean;
}

/** What is wanted but not yet laid on the deck. */
interface Pending {
  readonly entry: QueueEntry;
  readonly seconds: number;
  readonly controller: AbortController;
}

export class MsePlayer implements Player {
  readonly #services: Services;
  readonly #host: PlayerHost;
  readonly #output: Output;
  readonly #codecs: string;
  readonly #sides: Side[] = [];
  #side: Side;
  #fading: { readonly side: Side; readonly timer: ReturnType<typeof setTimeout> } | null = null;
  #readied: { readonly key: string; side: Side | null } | null = null;
  #pending: Pending | null = null;
  #currentKey: string | null = null;
  #wanted = false;
  #broken: unknown = null;
  /** The song whose keys were refused, and where it stood. */
  #locked: { readonly entry: QueueEntry; readonly positionMs: number } | null = null;
  #rebuiltAt = Number.NEGATIVE_INFINITY;
  #seam: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #seen = { position: -1, at: 0 };

  constructor(services: Services, host: PlayerHost, output: Output, codecs: string) {
    this.#services = services;
    this.#host = host;
    this.#output = output;
    this.#codecs = codecs;
    this.#side = this.#build("stereo");
  }

  // ---------------------------------------------------------------------------------- what is so

  get #deck(): Deck {
    return this.#side.deck;
  }

  get #song(): Laid | null {
    return this.#pending ? null : this.#deck.playing;
  }

  get grant(): Grant | null {
    return this.#song?.grant ?? null;
  }

  get variant(): Variant | null {
    return this.#pending ? null : this.#deck.variant;
  }

  get immersion(): Immersion | null {
    return this.#song?.offer.immersion ?? null;
  }

  get positionMs(): number {
    if (this.#pending) return this.#pending.seconds * 1000;
    if (this.#locked) return this.#locked.positionMs;
    const song = this.#song;
    if (!song) return 0;
    const seconds = Math.min(this.#deck.now - song.start, durationOf(song.grant));
    return Math.max(0, seconds * 1000);
  }

  get bufferedMs(): number {
    const song = this.#song;
    if (!song) return 0;
    return Math.max(0, (Math.min(this.#deck.bufferedUntil, endOf(song)) - song.start) * 1000);
  }

  get gainDb(): number {
    const song = this.#song;
    return song ? this.#gainOf(song) : 0;
  }

  // ------------------------------------------------------------------------------------ requests

  warmUp(): void {
    this.#output.open();
    this.#warm(this.#deck);
  }

  open(entry: QueueEntry, positionMs: number, playing: boolean): void {
    this.#endFade();
    this.#wanted = playing;
    this.#broken = null;
    this.#locked = null;
    const laid = this.#deck.laid.findLast((song) => song.entry.key === entry.key && song.seam >= this.#deck.now);
    if (positionMs === 0 && !this.#pending && laid && this.#deck.isBuffered(laid.seam)) this.#skipTo(laid);
    else void this.#fetchAndOpen(entry, positionMs / 1000);
    if (playing) this.play();
    else this.#deck.element.pause();
  }

  play(): void {
    this.#wanted = true;
    this.warmUp();
    if (this.#locked) {
      this.open(this.#locked.entry, this.#locked.positionMs, true);
      return;
    }
    if (this.#broken !== null) {
      this.#broken = null;
      this.#deck.resume();
    }
    this.#watchProgress();
    this.#fading?.side.deck.element.play().catch(() => undefined);
    this.#deck.element.play().catch((error: unknown) => {
      if (isAbort(error) || !this.#wanted) return;
      this.#wanted = false;
      const blocked = error instanceof DOMException && error.name === "NotAllowedError";
      this.#host.failed(problem(blocked ? "autoplay_blocked" : "decode"));
    });
  }

  pause(): void {
    this.#wanted = false;
    clearInterval(this.#watch);
    this.#endFade();
    this.#deck.element.pause();
    this.#output.rest();
  }

  seek(positionMs: number): void {
    const song = this.#song;
    this.#endFade();
    if (this.#pending) this.#pending = { ...this.#pending, seconds: positionMs / 1000 };
    else if (song) this.#deck.seek(song, positionMs / 1000);
    this.#lookAhead();
  }

  refresh(): void {
    if (!this.#pending) this.#deck.refresh();
    this.#readied = null;
    this.#lookAhead();
  }

  adjust(): void {
    const { volume, muted } = this.#host.wishes;
    this.#output.setVolume(volume, muted);
    this.#side.channel.setGain(this.gainDb);
    this.refresh();
  }

  requalify(): void {
    this.#readied = null;
    void this.#requalified();
  }

  /** Another rung is joined to what is buffered; another form begins anew where the song stands. */
  async #requalified(): Promise<void> {
    const song = this.#song;
    if (!song) {
      if (this.#pending) void this.#fetchAndOpen(this.#pending.entry, this.#pending.seconds);
      return;
    }
    const { entry } = song;
    const grant = await this.#services.grants.get(entry.songId, AbortSignal.timeout(4000)).catch(() => null);
    if (this.#song?.entry !== entry) return;
    if (!grant || isAlike(this.#services.offer(grant), song.offer)) await this.#deck.requalify();
    else void this.#fetchAndOpen(entry, this.positionMs / 1000);
  }

  stop(): void {
    this.pause();
    this.#pending?.controller.abort();
    this.#pending = null;
    this.#currentKey = null;
    void this.#deck.stop();
  }

  destroy(): void {
    this.stop();
    clearTimeout(this.#seam);
    for (const { deck } of this.#sides) deck.destroy();
  }

  // ------------------------------------------------------------------------------ opening a song

  #skipTo(song: Laid): void {
    this.#currentKey = song.entry.key;
    this.#deck.element.currentTime = song.seam;
    this.#side.channel.setGain(this.#gainOf(song));
    this.#lookAhead();
  }

  async #fetchAndOpen(entry: QueueEntry, seconds: number): Promise<void> {
    this.#pending?.controller.abort();
    const controller = new AbortController();
    this.#pending = { entry, seconds, controller };
    this.#currentKey = entry.key;
    const place = this.#deck.vacate(seconds);
    try {
      const grant = await this.#services.grants.get(entry.songId, controller.signal);
      const offer = await this.#prepared(grant);
      if (controller.signal.aborted) return;
      const from = this.#pending.seconds;
      this.#pending = null;
      const moves = offer.form !== this.#deck.form;
      const there = moves ? this.#moveTo(this.#spare(offer.form), from) : place;
      this.#deck.open(entry, grant, offer, there, from);
      this.#side.channel.setGain(this.#gainOf({ grant, offer }));
      if (moves && this.#wanted) this.play();
      this.#host.changed();
    } catch (error) {
      if (!controller.signal.aborted) this.#host.failed(problemOf(error));
    }
  }

  /** How a song is heard, when what that needs is ready. Where it does not get ready, it is heard otherwise. */
  async #prepared(grant: Grant): Promise<Offer> {
    const offer = this.#services.offer(grant);
    if (offer.form !== "field") return offer;
    const late = this.#services.clock.sleep(PREPARE_MS).then(() => { throw new Error("The worklet is late."); });
    try {
      await Promise.race([this.#output.prepareField(), late]);
    } catch {
      this.#host.fieldFailed();
    } finally {
      late.catch(() => undefined);
    }
    return this.#services.offer(grant);
  }

  /** Go on with another deck from here; returns the place that it keeps for the song. */
  #moveTo(side: Side, seconds: number): number {
    const from = this.#side;
    this.#side = side;
    void from.deck.stop();
    this.#warm(side.deck);
    return side.deck.vacate(seconds);
  }

  #warm(deck: Deck): void {
    deck.warm(deck.form === "field" ? FIELD_CODECS : this.#codecs);
  }

  #gainOf({ grant, offer }: Pick<Laid, "grant" | "offer">): number {
    return gainDb(grant.loudness, this.#host.wishes.normalisation) + offer.gainDb;
  }

  // ------------------------------------------------------------------------ what the element says

  /** A deck that is free for songs of this form. */
  #spare(form: Form): Side {
    const taken = [this.#side, this.#fading?.side, this.#readied?.side];
    return this.#sides.find((side) => side.deck.form === form && !taken.includes(side)) ?? this.#build(form);
  }

  #build(form: Form): Side {
    const element = new Audio();
    const deck: Deck = new Deck(element, form, this.#services, {
      following: (entry) => this.#followingOnDeck(entry),
      changed: () => { if (this.#side.deck === deck) this.#moved(); },
      failed: (error) => { this.#deckFailed(deck, error); },
      locked: (song, error) => { if (this.#side.deck === deck) void this.#lock(song, error); },
    });
    const on = (type: string, then: () => void): void => {
      element.addEventListener(type, () => { if (this.#side.deck === deck) then(); });
    };
    on("timeupdate", () => { this.#moved(); });
    on("playing", () => { this.#sounds("playing"); });
    on("waiting", () => { this.#dry(); });
    on("pause", () => { if (!element.ended && this.#broken === null) this.#sounds("paused"); });
    on("ended", () => { this.#over(); });
    on("seeked", () => { this.#moved(); });
    on("error", () => void this.#elementFailed());
    const side = { deck, channel: this.#output.channel(element, form) };
    this.#sides.push(side);
    return side;
  }

  #sounds(sound: "playing" | "paused"): void {
    if (sound === "paused" && this.#wanted) return;
    this.#host.sounds(sound);
  }

  #moved(): void {
    if (this.#pending) return;
    const song = this.#song;
    if (song && song.entry.key !== this.#currentKey) this.#enter(song);
    this.#lookAhead();
    this.#host.changed();
  }

  /** The seam to the next song was played over. */
  #enter(song: Laid): void {
    this.#currentKey = song.entry.key;
    this.#side.channel.setGain(this.#gainOf(song));
    this.#host.entered(song.entry);
  }

  /** The song that is due cannot be decrypted: the element may wait for its key, and is of no more use. */
  async #lock(song: Laid, error: unknown): Promise<void> {
    if (song.entry.key !== this.#currentKey) this.#enter(song);
    this.#locked = { entry: song.entry, positionMs: this.positionMs };
    this.#wanted = false;
    this.#broken = error;
    const { entry } = song;
    await this.#deck.rebuild();
    if (this.#locked?.entry === entry) this.#host.failed(problemOf(error));
  }

  #dry(): void {
    if (this.#broken !== null && this.#deck.ahead < 0.1) {
      this.#host.failed(problemOf(this.#broken));
      return;
    }
    this.#host.sounds(this.#deck.now - (this.#song?.start ?? this.#deck.now) < 0.1 ? "loading" : "stalled");
  }

  #over(): void {
    if (this.#pending || this.#deck.ahead > 0.1) return;
    const song = this.#deck.laid.at(-1);
    const next = song && this.#host.following(song.entry);
    if (!next) {
      this.#wanted = false;
      clearInterval(this.#watch);
      this.#output.rest();
      this.#host.ended();
      return;
    }
    this.#host.entered(next);
    this.open(next, 0, true);
  }

  #deckFailed(deck: Deck, error: unknown): void {
    if (deck !== this.#deck) return;
    if (error instanceof Unusable) {
      void this.#elementFailed();
      return;
    }
    this.#broken = error;
    if (this.#deck.ahead < 0.1) this.#host.failed(problemOf(error));
  }

  /** The element is in error for good: a new source, from where it stopped, once. */
  async #elementFailed(): Promise<void> {
    const song = this.#deck.playing;
    const seconds = this.positionMs / 1000;
    if (!song || this.#pending) return;
    const now = this.#services.clock.now();
    if (this.#deck.form === "field") this.#host.fieldFailed();
    else if (now - this.#rebuiltAt < REBUILD_PAUSE_MS) {
      this.#host.failed(problem("decode"));
      return;
    }
    this.#rebuiltAt = now;
    const wanted = this.#wanted;
    await this.#deck.rebuild();
    this.open(song.entry, seconds * 1000, wanted);
  }

  // ------------------------------------------------------------------- seams, gains and crossfades

  /** Plan what must happen at a moment: the song's change, its gain, a crossfade. */
  #lookAhead(): void {
    clearTimeout(this.#seam);
    const song = this.#song;
    if (!song) return;
    const next = this.#deck.laid[this.#deck.laid.indexOf(song) + 1];
    if (next) {
      const left = next.seam - this.#deck.now;
      if (left < PLAN_SECONDS && left > 0) this.#planSeam(next, left);
    } else this.#prepareChange(song);
  }

  #planSeam(next: Laid, left: number): void {
    if (this.#wanted) this.#side.channel.planGain(this.#gainOf(next), left);
    this.#seam = setTimeout(() => { this.#moved(); }, left * 1000 + 5);
  }

  #followingOnDeck(entry: QueueEntry): QueueEntry | null {
    const next = this.#host.following(entry);
    return next && this.#fadesInto(entry, next) ? null : next;
  }

  #fadesInto(entry: QueueEntry, next: QueueEntry): boolean {
    return this.#host.wishes.crossfadeMs > 0 && !isAlbumNeighbour(entry, next);
  }

  /** How the next song's deck takes over; null where it follows on this deck. */
  #changeTo(entry: QueueEntry, next: QueueEntry): Change | null {
    if (this.#fadesInto(entry, next)) return { seconds: this.#fadeSeconds(entry, next), fades: true };
    const grant = this.#services.grants.known(next.songId);
    if (!grant || this.#services.offer(grant).form === this.#deck.form) return null;
    return { seconds: START_SECONDS, fades: false };
  }

  #prepareChange(song: Laid): void {
    const next = this.#host.following(song.entry);
    const change = next && this.#changeTo(song.entry, next);
    if (!next || !change || this.#fading) return;
    const left = endOf(song) - this.#deck.now - change.seconds;
    if (left < READY_SECONDS && this.#readied?.key !== next.key) void this.#ready(next);
    if (left < PLAN_SECONDS) this.#seam = setTimeout(() => { this.#startChange(song, next, change); }, Math.max(0, left * 1000));
  }

  #fadeSeconds(entry: QueueEntry, next: QueueEntry): number {
    return Math.min(this.#host.wishes.crossfadeMs, entry.durationMs / 2, next.durationMs / 2) / 1000;
  }

  /** Fill another deck with what comes next. */
  async #ready(next: QueueEntry): Promise<void> {
    const readied = (this.#readied = { key: next.key, side: null as Side | null });
    const grant = await this.#services.grants.get(next.songId, AbortSignal.timeout(30_000)).catch(() => null);
    if (!grant || this.#readied !== readied) return;
    const offer = await this.#prepared(grant);
    if (this.#readied !== readied) return;
    const side = this.#spare(offer.form);
    readied.side = side;
    this.#warm(side.deck);
    side.deck.open(next, grant, offer, side.deck.vacate(0), 0);
    side.channel.setGain(this.#gainOf({ grant, offer }));
  }

  #startChange(song: Laid, next: QueueEntry, { seconds, fades }: Change): void {
    const other = this.#readied?.side;
    const ready = other?.deck.laid[0]?.entry.key === next.key && other.deck.ahead > 0;
    // Not ready: the song plays to its end, and the next is opened then.
    if (!other || !ready || !this.#wanted || this.#song !== song) return;
    const from = this.#side;
    this.#side = other;
    this.#readied = null;
    if (fades) {
      from.channel.fade("out", seconds);
      other.channel.fade("in", seconds);
    }
    void other.deck.element.play().catch(() => undefined);
    const over = fades ? seconds + 0.05 : seconds + OVER_SECONDS;
    this.#fading = { side: from, timer: setTimeout(() => { this.#endFade(); }, over * 1000) };
    this.#currentKey = next.key;
    this.#host.entered(next);
  }

  #endFade(): void {
    const fading = this.#fading;
    if (!fading) return;
    this.#fading = null;
    clearTimeout(fading.timer);
    void fading.side.deck.stop();
    fading.side.channel.unfade();
    this.#side.channel.unfade();
  }

  // -------------------------------------------------------------------------------- the watchdog

  #watchProgress(): void {
    clearInterval(this.#watch);
    this.#watch = setInterval(() => { this.#checkProgress(); }, WATCH_MS);
  }

  #checkProgress(): void {
    const deck = this.#deck;
    const now = this.#services.clock.now();
    if (deck.now !== this.#seen.position || deck.element.paused || this.#pending) {
      this.#seen = { position: deck.now, at: now };
      return;
    }
    if (now - this.#seen.at < STUCK_MS) return;
    this.#seen = { position: deck.now, at: now };
    const stretch = deck.nextStretch;
    if (deck.ahead > 0.3) deck.element.currentTime = deck.now + 0.001;
    else if (stretch !== null && stretch - deck.now < 1) deck.element.currentTime = stretch + 0.001;
  }
}

/** Whether one can go on where the other was: of one form, and heard in the same way. */
function isAlike(a: Offer, b: Offer): boolean {
  return a.form === b.form && a.immersion?.kind === b.immersion?.kind;
}
