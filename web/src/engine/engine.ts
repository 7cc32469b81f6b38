/** Takes requests, owns the queue, tells a player what to play, and publishes snapshots. */

import { allowed, choose, Throughput } from "./abr";
import { HeadTracking, type HeadTrackingParts } from "../spatial/headTracking";
import type { Quaternion } from "../spatial/pose";
import { backendFor, capabilitiesOf, playable, thisBrowser, type Browser } from "./capabilities";
import { systemClock, type Clock } from "./clock";
import { ElementPlayer, nativeLoader, shakaLoader } from "./elementPlayer";
import { GrantBook } from "./grants";
import { initRequest, Media, segmentRequest } from "./media";
import { SystemControls } from "./mediaSession";
import { MsePlayer } from "./msePlayer";
import { offerOf, type Offer } from "./offers";
import { Output, type ContextFactory } from "./output";
import { problemOf } from "./problems";
import * as queue from "./queue";
import { Reporter } from "./reporter";
import type { Chooser, Player, PlayerHost, Services, Sound, Wishes } from "./services";
import type {
  Backend,
  Capabilities,
  Engine,
  EngineError,
  EngineRequest,
  Grant,
  Hearing,
  Listener,
  Normalisation,
  Quality,
  QueueEntry,
  Repeat,
  Snapshot,
  SpatialWish,
  Status,
  Transport,
  Variant,
} from "./types";

/** What the application hands to the engine. */
export interface EngineParts {
  readonly transport: Transport;
  /** What the listener chose before; changes go through requests. */
  readonly initial?: {
    readonly volume?: number;
    readonly muted?: boolean;
    readonly normalisation?: Normalisation;
    readonly crossfadeMs?: number;
    readonly quality?: Quality;
    readonly repeat?: Repeat;
    readonly spatial?: SpatialWish;
  };
  /** What fields need to be heard by a head that turns; without it songs are heard as ears were turned ahead, or in stereo. */
  readonly headTracking?: HeadTrackingParts;
  /** Instead of the machinery that fits this browser best. */
  readonly backend?: Backend;
  /** Where the sound goes; null for an element's own output. The default is the default audio device. */
  readonly createContext?: ContextFactory;
  /** Instead of adapting by throughput and buffer. */
  readonly choose?: Chooser;
  readonly random?: queue.Random;
  readonly clock?: Clock;
}

/** "Previous" goes back to the start of the song when more than this was played. */
const RESTART_AFTER_MS = 3000;
/** So many songs in a row that cannot be played end the playing. */
const MAX_SKIPS = 5;

interface Settings extends Wishes {
  readonly quality: Quality;
  readonly spatial: SpatialWish;
  readonly hearing: Hearing;
}

interface State extends Settings {
  readonly status: Status;
  readonly error: EngineError | null;
  readonly queue: queue.QueueState;
}

export function createEngine(parts: EngineParts): Engine {
  return new QueueEngine(parts);
}

class QueueEngine implements Engine {
  readonly #parts: EngineParts;
  readonly #browser: Browser;
  readonly #backend: Backend;
  readonly #capabilities: Capabilities;
  readonly #services: Services;
  readonly #output: Output;
  readonly #tracking: HeadTracking | null;
  readonly #reporter: Reporter;
  readonly #controls: SystemControls | null;
  readonly #listeners = new Set<Listener>();
  readonly #lifetime = new AbortController();
  readonly #random: queue.Random;
  #player: Player | null = null;
  #state: State;
  #snapshot: Snapshot;
  #skips = 0;
  /** A field was tried here, and did not sound. */
  #fieldless = false;
  #offers = new WeakMap<Grant, Offer>();
  #publishing = false;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#random = parts.random ?? Math.random;
    this.#browser = thisBrowser();
    this.#backend = parts.backend ?? backendFor(this.#browser);
    this.#capabilities = capabilitiesOf(this.#browser, this.#backend);
    this.#state = initialState(parts.initial ?? {});
    this.#tracking = this.#backend === "mse" && parts.headTracking ? this.#track(parts.headTracking) : null;
    this.#output = new Output(parts.createContext ?? (() => defaultContext(this.#backend)), this.#tracking);
    this.#services = this.#createServices(parts.clock ?? systemClock);
    this.#reporter = new Reporter(parts.transport, this.#services.clock);
    this.#snapshot = this.#take();
    this.#controls = navigator.mediaSession
      ? new SystemControls(navigator.mediaSession, (request) => { this.dispatch(request); })
      : null;
    this.#watchPage();
  }

  // -------------------------------------------------------------------------------------- public

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    listener(this.#snapshot);
    return () => this.#listeners.delete(listener);
  }

  positionMs(): number {
    return this.#player?.positionMs ?? 0;
  }

  look(pose: Quaternion): void {
    this.#tracking?.look(pose);
  }

  warmUp(): void {
    this.#ensurePlayer().warmUp();
  }

  prefetch(songId: string): void {
    this.#services.prefetch(songId, this.#lifetime.signal);
  }

  destroy(): void {
    this.#leave("skipped");
    this.#reporter.flush(true);
    this.#lifetime.abort();
    this.#player?.destroy();
    this.#tracking?.destroy();
    this.#output.destroy();
    this.#listeners.clear();
  }

  dispatch(request: EngineRequest): void {
    switch (request.type) {
      case "play-queue": this.#playQueue(request); break;
      case "play": this.#play(); break;
      case "pause": this.#pause(); break;
      case "toggle": if (isSounding(this.#state.status)) this.#pause(); else this.#play(); break;
      case "stop": this.#stop(); break;
      case "next": this.#go(queue.nextKey(this.#state.queue)); break;
      case "previous": this.#previous(); break;
      case "seek": this.#seek(request.positionMs); break;
      case "jump": this.#go(request.key); break;
      case "play-next": this.#insert(request.items, "next"); break;
      case "enqueue": this.#insert(request.items, "end"); break;
      case "remove": this.#remove(request.key); break;
      case "move": this.#rearrange(queue.move(this.#state.queue, request.key, request.toIndex)); break;
      case "clear-upcoming": this.#rearrange(queue.clearUpcoming(this.#state.queue)); break;
      case "set-shuffle": this.#shuffle(request.shuffle); break;
      case "set-repeat": this.#rearrange({ ...this.#state.queue, repeat: request.repeat }); break;
      case "set-volume": this.#adjust({ volume: clamp(request.volume) }); break;
      case "set-muted": this.#adjust({ muted: request.muted }); break;
      case "set-normalisation": this.#adjust({ normalisation: request.normalisation }); break;
      case "set-crossfade": this.#adjust({ crossfadeMs: Math.max(0, request.milliseconds) }); break;
      case "set-quality": this.#requalify({ quality: request.quality }); break;
      case "set-spatial": this.#requalify({ spatial: request.spatial }); break;
      case "set-hearing": this.#hear(request.hearing); break;
    }
    this.#publish();
  }

  // ------------------------------------------------------------------------------ request by request

  #playQueue(request: Extract<EngineRequest, { type: "play-queue" }>): void {
    const { items, startIndex = 0, positionMs = 0, shuffle = false, autoplay = true } = request;
    this.#leave("skipped");
    this.#skips = 0;
    this.#set({ queue: queue.replace(this.#state.queue, items, startIndex, shuffle, this.#random) });
    const entry = queue.current(this.#state.queue);
    if (entry) this.#open(entry, positionMs, autoplay);
    else this.#stop();
  }

  #play(): void {
    const entry = queue.current(this.#state.queue);
    if (!entry) return;
    const { status } = this.#state;
    if (status === "ended" || status === "failed") {
      const first = status === "ended" && this.#state.queue.index === this.#state.queue.entries.length - 1;
      this.#go(first ? (this.#state.queue.entries[0]?.key ?? null) : entry.key);
      return;
    }
    this.#set({ status: "loading", error: null });
    this.#ensurePlayer().play();
  }

  #pause(): void {
    this.#player?.pause();
    if (isSounding(this.#state.status)) this.#sounds("paused");
  }

  #stop(): void {
    this.#leave("skipped");
    this.#player?.stop();
    this.#set({ queue: { ...queue.EMPTY, repeat: this.#state.queue.repeat, nextKey: this.#state.queue.nextKey }, status: "idle", error: null });
  }

  #go(key: string | null, playing = true): void {
    if (key === null) return;
    this.#leave("skipped");
    this.#skips = 0;
    this.#set({ queue: queue.jump(this.#state.queue, key) });
    const entry = queue.current(this.#state.queue);
    if (entry) this.#open(entry, 0, playing);
  }

  #previous(): void {
    const key = queue.previousKey(this.#state.queue);
    if (key === null || this.positionMs() > RESTART_AFTER_MS) this.#seek(0);
    else this.#go(key);
  }

  #seek(positionMs: number): void {
    if (this.#state.status === "ended") {
      const entry = queue.current(this.#state.queue);
      if (entry) this.#open(entry, positionMs, true);
    } else this.#player?.seek(Math.max(0, positionMs));
  }

  #insert(items: Parameters<typeof queue.insert>[1], where: "next" | "end"): void {
    const wasEmpty = this.#state.queue.entries.length === 0;
    this.#rearrange(queue.insert(this.#state.queue, items, where));
    const entry = queue.current(this.#state.queue);
    if (wasEmpty && entry) this.#open(entry, 0, false);
  }

  #remove(key: string): void {
    const before = queue.current(this.#state.queue);
    const wasSounding = isSounding(this.#state.status);
    const rest = queue.remove(this.#state.queue, key);
    if (before?.key !== key) {
      this.#rearrange(rest);
      return;
    }
    this.#leave("skipped");
    this.#set({ queue: rest });
    const entry = queue.current(rest);
    if (entry) this.#open(entry, 0, wasSounding);
    else this.#stop();
  }

  #shuffle(wanted: boolean): void {
    const { queue: present } = this.#state;
    this.#rearrange(wanted ? queue.shuffle(present, this.#random) : queue.unshuffle(present));
  }

  #rearrange(next: queue.QueueState): void {
    this.#set({ queue: next });
    this.#player?.refresh();
  }

  #adjust(change: Partial<Settings>): void {
    this.#set(change);
    this.#player?.adjust();
  }

  #requalify(change: { readonly quality?: Quality; readonly spatial?: SpatialWish }): void {
    const { quality, spatial } = { ...this.#state, ...change };
    if (quality === this.#state.quality && spatial === this.#state.spatial) return;
    if (spatial !== this.#state.spatial) this.#fieldless = false;
    this.#set({ quality, spatial });
    this.#services.grants.clear();
    this.#player?.requalify();
  }

  #hear(hearing: Hearing): void {
    this.#set({ hearing });
    this.#tracking?.hear(hearing);
  }

  #track(parts: HeadTrackingParts): HeadTracking {
    const tracking = new HeadTracking(parts);
    tracking.onUnfit = () => {
      this.#fieldFailed();
      this.#player?.requalify();
    };
    return tracking;
  }

  /** From now on without fields, until the listener asks for something else. */
  #fieldFailed(): void {
    this.#fieldless = true;
    this.#offers = new WeakMap();
  }

  /** As it was when first asked for a grant: what the network does later must not change the form. */
  #offer(grant: Grant): Offer {
    const known = this.#offers.get(grant);
    if (known) return known;
    const made = offerOf(grant, {
      wish: this.#state.spatial,
      quality: this.#state.quality,
      bitsPerSecond: this.#services.throughput.bitsPerSecond,
      tracked: this.#tracking !== null && !this.#fieldless,
      plays: (variant) => playable(variant, this.#browser),
    });
    this.#offers.set(grant, made);
    return made;
  }

  #open(entry: QueueEntry, positionMs: number, playing: boolean): void {
    this.#set({ status: playing ? "loading" : "paused", error: null });
    this.#ensurePlayer().open(entry, positionMs, playing);
  }

  // ------------------------------------------------------------------------- what the player says

  #ensurePlayer(): Player {
    if (this.#player) return this.#player;
    this.#player = this.#createPlayer();
    this.#player.adjust();
    return this.#player;
  }

  #createPlayer(): Player {
    const host = this.#hostFor();
    if (this.#backend === "mse") {
      return new MsePlayer(this.#services, host, this.#output, this.#capabilities.codecs[0] ?? "mp4a.40.2");
    }
    const loader = this.#backend === "native" ? nativeLoader : shakaLoader();
    return new ElementPlayer(this.#services, host, this.#output, loader);
  }

  #hostFor(): PlayerHost {
    const state = (): State => this.#state;
    return {
      get wishes() { return state(); },
      following: (entry) => queue.following(this.#state.queue, entry.key),
      entered: (entry) => { this.#entered(entry); },
      sounds: (sound) => { this.#sounds(sound); },
      ended: () => { this.#ended(); },
      failed: (error) => { this.#failed(error); },
      fieldFailed: () => { this.#fieldFailed(); },
      changed: () => { this.#changed(); },
    };
  }

  #entered(entry: QueueEntry): void {
    this.#leave("ended");
    this.#skips = 0;
    this.#set({ queue: queue.jump(this.#state.queue, entry.key) });
    this.#changed();
  }

  #sounds(sound: Sound): void {
    if (sound === "paused") this.#reporter.paused(this.positionMs());
    this.#set({ status: sound, error: sound === "playing" ? null : this.#state.error });
    this.#changed();
  }

  #ended(): void {
    this.#leave("ended");
    this.#set({ status: "ended" });
    this.#publish();
  }

  #failed(error: EngineError): void {
    if (error.code === "autoplay_blocked") {
      this.#set({ status: "paused", error });
      this.#publish();
      return;
    }
    this.#set({ status: "failed", error });
    const entry = queue.current(this.#state.queue);
    const next = entry && queue.following(this.#state.queue, entry.key);
    if (!error.recoverable && next && next.key !== entry.key && this.#skips < MAX_SKIPS) {
      // Said once, then on with the music: the snapshot keeps the error until the next song sounds.
      this.#skips += 1;
      this.#set({ queue: queue.jump(this.#state.queue, next.key), status: "loading" });
      this.#ensurePlayer().open(next, 0, true);
    }
    this.#publish();
  }

  #changed(): void {
    this.#report();
    this.#publish();
  }

  #report(): void {
    const grant = this.#player?.grant;
    if (!grant || this.#state.status !== "playing") return;
    if (grant.songId !== queue.current(this.#state.queue)?.songId) return;
    if (this.#reporter.isPlaying(grant.id)) this.#reporter.progress(this.positionMs());
    else this.#reporter.started(grant.id, this.positionMs());
  }

  #leave(how: "ended" | "skipped"): void {
    const { song, durationMs } = this.#snapshot;
    if (song) this.#reporter.left(how, how === "ended" ? durationMs : this.positionMs());
  }

  // ----------------------------------------------------------------------------------- the services

  #createServices(clock: Clock): Services {
    const { transport } = this.#parts;
    const throughput = new Throughput();
    const onWait = (error: unknown): void => {
      this.#set({ error: problemOf(error) });
      this.#publish();
    };
    const hurry = (wake: () => void): (() => void) => {
      globalThis.addEventListener("online", wake);
      return () => { globalThis.removeEventListener("online", wake); };
    };
    const quality = (): Quality => this.#state.quality;
    const network = (): { kbps?: number; saveData?: boolean } => networkHints(throughput);
    const spatial = (): SpatialWish => (this.#backend === "mse" ? this.#state.spatial : "off");
    const grants = new GrantBook({ transport, clock, capabilities: this.#capabilities, quality, spatial, network, onWait, hurry });
    const media = new Media({ transport, clock, throughput });
    const offer = (grant: Grant): Offer => this.#offer(grant);
    const prefetch = (songId: string, signal: AbortSignal): void => {
      void prefetchSong(songId, signal, { grants, media, offer, quality });
    };
    return { clock, transport, grants, media, throughput, choose: this.#parts.choose ?? choose, quality, offer, prefetch, onWait, hurry };
  }

  #watchPage(): void {
    const { signal } = this.#lifetime;
    const leaving = (): void => {
      if (this.#state.status === "playing") this.#reporter.paused(this.positionMs());
      this.#reporter.flush(true);
    };
    globalThis.addEventListener("pagehide", leaving, { signal });
    globalThis.addEventListener("online", () => { this.#backOnline(); }, { signal });
  }

  #backOnline(): void {
    if (this.#state.status === "failed" && this.#state.error?.recoverable) this.#play();
  }

  // ---------------------------------------------------------------------------------- the snapshots

  #set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
  }

  /** Once per turn, however much changed. */
  #publish(): void {
    if (this.#publishing) return;
    this.#publishing = true;
    queueMicrotask(() => {
      this.#publishing = false;
      this.#snapshot = this.#take();
      this.#controls?.show(this.#snapshot);
      for (const listener of [...this.#listeners]) listener(this.#snapshot);
    });
  }

  #take(): Snapshot {
    const { queue: order, ...rest } = this.#state;
    const song = queue.current(order);
    const player = song ? this.#player : null;
    const grant = player?.grant?.songId === song?.songId ? (player?.grant ?? null) : null;
    const durationMs = grant ? (grant.durationInSamples / grant.sampleRate) * 1000 : (song?.durationMs ?? 0);
    return Object.freeze({
      ...rest,
      queue: order.entries,
      index: order.index,
      song,
      positionMs: Math.min(player?.positionMs ?? 0, durationMs),
      durationMs,
      bufferedMs: player?.bufferedMs ?? 0,
      variant: grant && player?.variant ? describe(player.variant) : null,
      decision: grant?.decision ?? null,
      immersion: grant ? (player?.immersion ?? null) : null,
      gainDb: player?.gainDb ?? 0,
      canGoNext: queue.nextKey(order) !== null,
      canGoPrevious: song !== null,
      shuffle: order.unshuffled !== null,
      repeat: order.repeat,
      backend: this.#backend,
    });
  }
}

function initialState(initial: NonNullable<EngineParts["initial"]>): State {
  return {
    status: "idle",
    error: null,
    queue: { ...queue.EMPTY, repeat: initial.repeat ?? "off" },
    volume: clamp(initial.volume ?? 1),
    muted: initial.muted ?? false,
    normalisation: initial.normalisation ?? "album",
    crossfadeMs: initial.crossfadeMs ?? 0,
    quality: initial.quality ?? "auto",
    spatial: initial.spatial ?? "automatic",
    hearing: "spatial",
  };
}

function isSounding(status: Status): boolean {
  return status === "playing" || status === "loading" || status === "stalled";
}

function clamp(volume: number): number {
  return Math.min(1, Math.max(0, volume));
}

function describe(variant: Variant): NonNullable<Snapshot["variant"]> {
  const { rung, codecs, lossless, sampleRate, channels } = variant;
  const bitDepth = lossless ? variant.bitDepth : 0;
  return { rung, codecs, lossless, bitsPerSecond: variant.averageBandwidth, sampleRate, bitDepth, channels };
}

/** The graph is for our own engine; iPhones' own HLS sounds outside of it. */
function defaultContext(backend: Backend): AudioContext | null {
  return backend === "native" || typeof AudioContext === "undefined" ? null : new AudioContext();
}

function networkHints(throughput: Throughput): { kbps?: number; saveData?: boolean } {
  const { connection } = navigator as { connection?: { downlink?: number; saveData?: boolean } };
  const measured = throughput.bitsPerSecond;
  const hinted = connection?.downlink === undefined ? undefined : connection.downlink * 1000;
  const kbps = measured === null ? hinted : measured / 1000;
  return {
    ...(kbps === undefined ? {} : { kbps: Math.round(kbps) }),
    ...(connection?.saveData === undefined ? {} : { saveData: connection.saveData }),
  };
}

interface PrefetchParts {
  readonly grants: GrantBook;
  readonly media: Media;
  readonly offer: (grant: Grant) => Offer;
  readonly quality: () => Quality;
}

/** What makes a song start at once: its grant, and its first bytes in the rung that will likely be chosen. */
async function prefetchSong(songId: string, signal: AbortSignal, parts: PrefetchParts): Promise<void> {
  const grant = await parts.grants.get(songId, signal).catch(() => null);
  if (!grant || signal.aborted) return;
  const ladder = allowed(parts.offer(grant).variants, parts.quality());
  const variant = ladder.find(({ rung }) => rung === grant.decision.chosen) ?? ladder.at(-1);
  if (!variant) return;
  await parts.media.ahead(initRequest(grant, variant), signal);
  await parts.media.ahead(segmentRequest(grant, variant, 0), signal);
}
