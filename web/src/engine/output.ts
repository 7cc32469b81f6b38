/** From media elements to the loudspeakers: gains in the audio graph, or plain element volume without one. */

import { HeadTrackingUnavailable, type HeadTracking } from "../spatial/headTracking";
import { decibelsToGain, fadeCurve, volumeToGain } from "./loudness";
import type { Form } from "./offers";

/** Long enough to be no click, short enough to feel immediate. */
const SMOOTH_SECONDS = 0.015;
/** A paused player gives the audio device back after this. */
const IDLE_MS = 60_000;

export type ContextFactory = () => AudioContext | null;

export class Output {
  readonly #create: ContextFactory;
  readonly #tracking: HeadTracking | null;
  #context: AudioContext | null | undefined;
  #master: GainNode | null = null;
  #channels: Channel[] = [];
  #volume = 1;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** Without head tracking there are no channels for fields. */
  constructor(create: ContextFactory, tracking: HeadTracking | null = null) {
    this.#create = create;
    this.#tracking = tracking;
  }

  /** Have what fields need ready; rejects where they cannot be heard. */
  async prepareField(): Promise<void> {
    if (this.#context === undefined) this.#build();
    if (!this.#context || !this.#tracking) throw new HeadTrackingUnavailable("There is no audio graph.");
    await this.#tracking.prepare(this.#context);
  }

  /** The way out for one element; before `open`, and without an audio graph, its own volume. Fields need `prepareField` first. */
  channel(element: HTMLMediaElement, form: Form = "stereo"): Channel {
    const channel = new Channel(element, form === "field" ? this.#tracking : null);
    this.#channels.push(channel);
    if (this.#context && this.#master) channel.connect(this.#context, this.#master);
    return channel;
  }

  /** Open the audio device. Within a gesture, browsers that want one allow it. */
  open(): void {
    clearTimeout(this.#idle);
    if (this.#context === undefined) this.#build();
    if (this.#context?.state !== "running") void this.#context?.resume().catch(() => undefined);
  }

  /** Nothing sounds: close the device after a while. */
  rest(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.#context?.suspend().catch(() => undefined), IDLE_MS);
  }

  setVolume(volume: number, muted: boolean): void {
    this.#volume = volumeToGain(volume, muted);
    if (this.#context && this.#master) glide(this.#master.gain, this.#volume, this.#context.currentTime);
    for (const channel of this.#channels) channel.setOuterVolume(this.#volume);
  }

  destroy(): void {
    clearTimeout(this.#idle);
    void this.#context?.close().catch(() => undefined);
  }

  #build(): void {
    this.#context = this.#create();
    if (!this.#context) return;
    this.#master = this.#context.createGain();
    this.#master.gain.value = this.#volume;
    this.#master.connect(this.#context.destination);
    for (const channel of this.#channels) channel.connect(this.#context, this.#master);
  }
}

/** One element's gains: loudness, which may change at a given moment, and the fade. */
export class Channel {
  readonly #element: HTMLMediaElement;
  readonly #tracking: HeadTracking | null;
  #context: AudioContext | null = null;
  #loudness: GainNode | null = null;
  #fade: GainNode | null = null;
  #gain = 1;
  #outer = 1;
  #planned: { readonly gain: number; readonly at: number } | null = null;

  constructor(element: HTMLMediaElement, tracking: HeadTracking | null) {
    this.#element = element;
    this.#tracking = tracking;
  }

  connect(context: AudioContext, destination: AudioNode): void {
    this.#context = context;
    this.#loudness = context.createGain();
    this.#fade = context.createGain();
    this.#loudness.gain.value = this.#gain;
    this.#element.volume = 1;
    const source = context.createMediaElementSource(this.#element);
    const ears = this.#tracking ? source.connect(this.#tracking.createNode(context)) : source;
    ears.connect(this.#loudness).connect(this.#fade).connect(destination);
  }

  /** From now on. */
  setGain(db: number): void {
    const gain = decibelsToGain(db);
    if (gain === this.#gain && this.#planned === null) return;
    this.#gain = gain;
    this.#planned = null;
    if (this.#context && this.#loudness) glide(this.#loudness.gain, gain, this.#context.currentTime);
    else this.#applyVolume();
  }

  /** From a moment in the near future on, to the accuracy of the element's clock. */
  planGain(db: number, inSeconds: number): void {
    const gain = decibelsToGain(db);
    if (!this.#context || !this.#loudness || gain === this.#gain) return;
    const at = this.#context.currentTime + inSeconds;
    const known = this.#planned;
    if (known?.gain === gain && Math.abs(known.at - at) < 0.02) return;
    this.#planned = { gain, at };
    const param = this.#loudness.gain;
    param.cancelScheduledValues(0);
    param.setValueAtTime(this.#gain, this.#context.currentTime);
    param.setTargetAtTime(gain, at, SMOOTH_SECONDS / 3);
  }

  /** Equal-power fade beginning now. */
  fade(direction: "in" | "out", seconds: number): void {
    if (!this.#context || !this.#fade) return;
    const param = this.#fade.gain;
    param.cancelScheduledValues(0);
    param.setValueCurveAtTime(fadeCurve(direction), this.#context.currentTime, seconds);
  }

  /** Full level at once, whatever fade was going on. */
  unfade(): void {
    if (!this.#context || !this.#fade) return;
    this.#fade.gain.cancelScheduledValues(0);
    this.#fade.gain.setValueAtTime(1, this.#context.currentTime);
  }

  setOuterVolume(volume: number): void {
    this.#outer = volume;
    if (!this.#context) this.#applyVolume();
  }

  #applyVolume(): void {
    this.#element.volume = Math.min(1, this.#gain * this.#outer);
  }
}

function glide(param: AudioParam, value: number, now: number): void {
  param.cancelScheduledValues(0);
  param.setTargetAtTime(value, now, SMOOTH_SECONDS / 3);
}
