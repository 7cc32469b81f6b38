/** One song after the other through the browser's own HLS or through Shaka: no gapless seams, but sound. */

import type { Channel, Output } from "./output";
import { gainDb } from "./loudness";
import { isAbort } from "./clock";
import { problem, problemOf } from "./problems";
import type { Player, PlayerHost, Services } from "./services";
import type { Grant, QueueEntry, Variant } from "./types";

/** Hands a song's stream to an element. */
export interface Loader {
  load(element: HTMLMediaElement, grant: Grant, seconds: number): Promise<void>;
  unload(element: HTMLMediaElement): Promise<void>;
}

/** The browser reads the playlist by itself. */
export const nativeLoader: Loader = {
  load(element, grant, seconds) {
    element.src = seconds > 0 ? `${grant.playlistUrl}#t=${String(seconds)}` : grant.playlistUrl;
    return Promise.resolve();
  },
  unload(element) {
    element.removeAttribute("src");
    element.load();
    return Promise.resolve();
  },
};

/** The little of Shaka's player that is used here. */
interface ShakaPlayer {
  attach(element: HTMLMediaElement): Promise<unknown>;
  load(uri: string, startTime: number): Promise<unknown>;
  unload(): Promise<unknown>;
}

interface Shaka {
  readonly polyfill: { installAll(): void };
  readonly Player: new () => ShakaPlayer;
}

/** Shaka, fetched when first needed. */
export function shakaLoader(): Loader {
  let player: Promise<ShakaPlayer> | null = null;
  const attach = async (element: HTMLMediaElement): Promise<ShakaPlayer> => {
    // Its own types hang on a global namespace.
    const { default: shaka } = (await import("shaka-player")) as unknown as { default: Shaka };
    shaka.polyfill.installAll();
    const created = new shaka.Player();
    await created.attach(element);
    return created;
  };
  return {
    async load(element, grant, seconds) {
      player ??= attach(element);
      await (await player).load(grant.playlistUrl, seconds);
    },
    async unload() {
      await (await player)?.unload();
    },
  };
}

export class ElementPlayer implements Player {
  readonly #services: Services;
  readonly #host: PlayerHost;
  readonly #output: Output;
  readonly #loader: Loader;
  readonly #element = new Audio();
  readonly #channel: Channel;
  #entry: QueueEntry | null = null;
  #opening = new AbortController();
  #wanted = false;
  grant: Grant | null = null;
  readonly immersion = null;

  constructor(services: Services, host: PlayerHost, output: Output, loader: Loader) {
    this.#services = services;
    this.#host = host;
    this.#output = output;
    this.#loader = loader;
    this.#channel = output.channel(this.#element);
    this.#listen();
  }

  get variant(): Variant | null {
    const { grant } = this;
    return grant?.variants.find(({ rung }) => rung === grant.decision.chosen) ?? null;
  }

  get positionMs(): number {
    return this.#element.currentTime * 1000;
  }

  get bufferedMs(): number {
    const { buffered } = this.#element;
    return buffered.length === 0 ? 0 : buffered.end(buffered.length - 1) * 1000;
  }

  get gainDb(): number {
    return gainDb(this.grant?.loudness ?? null, this.#host.wishes.normalisation);
  }

  warmUp(): void {
    this.#output.open();
  }

  open(entry: QueueEntry, positionMs: number, playing: boolean): void {
    this.#wanted = playing;
    this.#entry = entry;
    this.#element.pause();
    void this.#load(entry, positionMs / 1000);
  }

  play(): void {
    this.#wanted = true;
    this.#output.open();
    this.#element.play().catch((error: unknown) => {
      if (isAbort(error) || !this.#wanted) return;
      const blocked = error instanceof DOMException && error.name === "NotAllowedError";
      this.#host.failed(problem(blocked ? "autoplay_blocked" : "decode"));
    });
  }

  pause(): void {
    this.#wanted = false;
    this.#element.pause();
    this.#output.rest();
  }

  seek(positionMs: number): void {
    this.#element.currentTime = positionMs / 1000;
  }

  refresh(): void {
    const next = this.#entry && this.#host.following(this.#entry);
    if (next) void this.#services.grants.get(next.songId, AbortSignal.timeout(30_000)).catch(() => undefined);
  }

  adjust(): void {
    const { volume, muted } = this.#host.wishes;
    this.#output.setVolume(volume, muted);
    this.#channel.setGain(this.gainDb);
  }

  requalify(): void {
    if (this.#entry) this.open(this.#entry, this.positionMs, this.#wanted);
  }

  stop(): void {
    this.pause();
    this.#opening.abort();
    this.#entry = null;
    this.grant = null;
    void this.#loader.unload(this.#element).catch(() => undefined);
  }

  destroy(): void {
    this.stop();
  }

  async #load(entry: QueueEntry, seconds: number): Promise<void> {
    this.#opening.abort();
    const opening = (this.#opening = new AbortController());
    try {
      const grant = await this.#services.grants.get(entry.songId, opening.signal);
      await this.#loader.load(this.#element, grant, seconds);
      if (opening.signal.aborted) return;
      this.grant = grant;
      this.#channel.setGain(this.gainDb);
      if (this.#wanted) this.play();
      this.#host.changed();
      this.refresh();
    } catch (error) {
      if (!opening.signal.aborted) this.#host.failed(problemOf(error));
    }
  }

  #listen(): void {
    const on = (type: string, then: () => void): void => {
      this.#element.addEventListener(type, then);
    };
    on("timeupdate", () => { this.#host.changed(); });
    on("playing", () => { this.#host.sounds("playing"); });
    on("waiting", () => { this.#host.sounds("stalled"); });
    on("pause", () => { if (!this.#element.ended && !this.#wanted) this.#host.sounds("paused"); });
    on("error", () => { if (this.#entry && this.#element.error) this.#host.failed(problem("decode")); });
    on("ended", () => { this.#next(); });
  }

  #next(): void {
    const next = this.#entry && this.#host.following(this.#entry);
    if (!next) {
      this.#wanted = false;
      this.#host.ended();
      return;
    }
    this.#host.entered(next);
    this.open(next, 0, true);
  }
}
