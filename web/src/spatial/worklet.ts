/** The audio thread's side: a field of sixteen channels in, two ears out. Built as a file of its own. */

import { FieldListener } from "./fieldListener";
import { PROCESSOR, type FromWorklet, type ToWorklet } from "./messages";
import { COMPONENTS } from "./rotation";

// What audio worklets have, as far as it is used here; TypeScript knows only pages.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

class FieldProcessor extends AudioWorkletProcessor {
  readonly #listener = new FieldListener(sampleRate);
  #channels = 0;
  #alive = true;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToWorklet>) => { this.#told(data); };
  }

  #told(message: ToWorklet): void {
    switch (message.type) {
      case "wear": this.#listener.wear(message.taps); break;
      case "look": this.#listener.look(message.pose); break;
      case "hear": this.#listener.hear(message.hearing); break;
      case "end": this.#alive = false; break;
    }
  }

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const field = inputs[0] ?? [];
    const [left, right] = outputs[0] ?? [];
    if (!left || !right) return this.#alive;
    this.#count(field);
    if (field.length === COMPONENTS || field.length === 0) this.#listener.render(field, left, right);
    else {
      // Not a field but what somebody mixed of it: better heard as it is than not at all.
      left.set(field[0] as Float32Array);
      right.set((field[1] ?? field[0]) as Float32Array);
    }
    return this.#alive;
  }

  #count(field: readonly Float32Array[]): void {
    if (field.length === this.#channels || field.length === 0) return;
    // Before anything plays, elements give one silent channel.
    if (!field.some((channel) => channel.some((value) => value !== 0))) return;
    this.#channels = field.length;
    this.port.postMessage({ type: "channels", count: field.length } satisfies FromWorklet);
  }
}

registerProcessor(PROCESSOR, FieldProcessor);
