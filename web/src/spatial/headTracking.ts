/**
 * Head-tracked playback within one audio context: loads the worklet and the head's filters once, and gives every
 * element that plays a field a node of its own. All nodes hear with one head.
 */

import type { Hearing } from "./fieldListener";
import { PROCESSOR, type FromWorklet, type ToWorklet } from "./messages";
import { AHEAD, type Quaternion } from "./pose";
import { COMPONENTS } from "./rotation";

export interface HeadTrackingParts {
  /** Where the worklet's file is. */
  readonly workletUrl: string;
  /** The filters of the listener's head at a rate: little-endian float32, (2 ears, 16 components, taps). */
  readonly filters: (sampleRate: number) => Promise<ArrayBuffer>;
}

/** This browser, or this server, cannot give a field to two ears. */
export class HeadTrackingUnavailable extends Error {
  override readonly name = "HeadTrackingUnavailable";
}

export class HeadTracking {
  readonly #parts: HeadTrackingParts;
  readonly #nodes = new Set<AudioWorkletNode>();
  #ready: Promise<void> | null = null;
  #taps: Float32Array | null = null;
  #pose: Quaternion = AHEAD;
  #hearing: Hearing = "spatial";
  /** Told why fields cannot be heard as they should, though nodes were made: no filters, or a browser that mixes channels. */
  onUnfit: (reason: HeadTrackingUnavailable) => void = () => undefined;

  constructor(parts: HeadTrackingParts) {
    this.#parts = parts;
  }

  get hearing(): Hearing {
    return this.#hearing;
  }

  /**
   * Load what nodes need; rejects with `HeadTrackingUnavailable`, and may then be tried again. The filters may come
   * later, which `onUnfit` hears of if they do not: until then a node gives plain stereo.
   */
  prepare(context: BaseAudioContext): Promise<void> {
    this.#ready ??= this.#load(context).catch((error: unknown) => {
      this.#ready = null;
      throw asUnavailable(error);
    });
    return this.#ready;
  }

  /** A node for one element's field; only after `prepare`. */
  createNode(context: BaseAudioContext): AudioWorkletNode {
    const node = new AudioWorkletNode(context, PROCESSOR, {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      outputChannelCount: [2],
      channelCount: COMPONENTS,
      // As many as come, each for itself: anything else would be mixed.
      channelCountMode: "max",
      channelInterpretation: "discrete",
    });
    node.port.onmessage = ({ data }: MessageEvent<FromWorklet>) => {
      if (data.count !== COMPONENTS) this.onUnfit(new HeadTrackingUnavailable(`${String(data.count)} channels came.`));
    };
    this.#nodes.add(node);
    if (this.#taps) tell(node, { type: "wear", taps: this.#taps });
    tell(node, { type: "look", pose: this.#pose });
    tell(node, { type: "hear", hearing: this.#hearing });
    return node;
  }

  /** Where the head looks from now on. */
  look(pose: Quaternion): void {
    this.#pose = pose;
    for (const node of this.#nodes) tell(node, { type: "look", pose });
  }

  hear(hearing: Hearing): void {
    this.#hearing = hearing;
    for (const node of this.#nodes) tell(node, { type: "hear", hearing });
  }

  destroy(): void {
    for (const node of this.#nodes) tell(node, { type: "end" });
    this.#nodes.clear();
  }

  async #load(context: BaseAudioContext): Promise<void> {
    // Plain HTTP to another machine has none.
    if (!("audioWorklet" in context)) throw new HeadTrackingUnavailable("There are no audio worklets here.");
    if (!this.#taps) void this.#fetchFilters(context.sampleRate);
    await context.audioWorklet.addModule(this.#parts.workletUrl);
  }

  async #fetchFilters(sampleRate: number): Promise<void> {
    try {
      const bytes = await this.#parts.filters(sampleRate);
      if (bytes.byteLength === 0 || bytes.byteLength % (4 * 2 * COMPONENTS) !== 0) {
        throw new HeadTrackingUnavailable(`Filters of ${String(bytes.byteLength)} bytes are for no head.`);
      }
      const taps = new Float32Array(bytes);
      this.#taps = taps;
      for (const node of this.#nodes) tell(node, { type: "wear", taps });
    } catch (error) {
      this.#ready = null;
      this.onUnfit(asUnavailable(error));
    }
  }
}

function asUnavailable(error: unknown): HeadTrackingUnavailable {
  return error instanceof HeadTrackingUnavailable ? error : new HeadTrackingUnavailable(String(error));
}

function tell(node: AudioWorkletNode, message: ToWorklet): void {
  node.port.postMessage(message);
}
