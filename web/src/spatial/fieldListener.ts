/**
 * What listens to a sound field: two ears with a head that turns, or, to compare, a plain pair of microphones in the
 * same place at the same level. Pure but for its memory; the worklet is a thin coat around it.
 */

import { BLOCK, HeadRenderer } from "./headRenderer";
import { LevelMatch } from "./levelMatch";
import type { Quaternion } from "./pose";
import { COMPONENTS } from "./rotation";

export type Hearing = "spatial" | "stereo";

/** From one way of hearing to the other: 21 ms at 48 kHz. */
const FADE_BLOCKS = 8;
/** Two cardioids, this far to each side of the front. */
const AIM = Math.PI / 3;
const [FRONT, SIDE] = [Math.cos(AIM) / 2, Math.sin(AIM) / 2];

export class FieldListener {
  readonly #match: LevelMatch;
  readonly #ears = [new Float32Array(BLOCK), new Float32Array(BLOCK)] as const;
  readonly #microphones = [new Float32Array(BLOCK), new Float32Array(BLOCK)] as const;
  readonly #blank = new Float32Array(BLOCK);
  readonly #field: Float32Array[] = Array.from({ length: COMPONENTS }, () => this.#blank);
  #head: HeadRenderer | null = null;
  #pose: Quaternion | null = null;
  #hearing: Hearing = "spatial";
  /** How far the ears are faded in, in blocks. */
  #faded = 0;
  #gain = 1;

  constructor(sampleRate: number) {
    this.#match = new LevelMatch(sampleRate);
  }

  /** The head's filters: (2 ears, 16 components, taps). Until they are there, the microphones are heard. */
  wear(taps: Float32Array): void {
    this.#head = new HeadRenderer(taps);
    if (this.#pose) this.#head.look(this.#pose);
  }

  /** Where the head looks by the end of the next block. */
  look(pose: Quaternion): void {
    this.#pose = pose;
    this.#head?.look(pose);
  }

  hear(hearing: Hearing): void {
    this.#hearing = hearing;
  }

  /** Take a block of the field, whose absent components are silent; write both ears. */
  render(field: readonly Float32Array[], left: Float32Array, right: Float32Array): void {
    this.#pickUp(field);
    if (!this.#head) {
      left.set(this.#microphones[0]);
      right.set(this.#microphones[1]);
      return;
    }
    for (let c = 0; c < COMPONENTS; c++) this.#field[c] = field[c] ?? this.#blank;
    this.#head.render(this.#field, this.#ears[0], this.#ears[1]);
    this.#match.hear(this.#ears, this.#microphones);
    this.#mix(left, right);
  }

  #pickUp(field: readonly Float32Array[]): void {
    const w = field[0] ?? this.#blank;
    const y = field[1] ?? this.#blank;
    const x = field[3] ?? this.#blank;
    const [left, right] = this.#microphones;
    for (let t = 0; t < BLOCK; t++) {
      const both = (w[t] as number) / 2 + FRONT * (x[t] as number);
      const side = SIDE * (y[t] as number);
      left[t] = both + side;
      right[t] = both - side;
    }
  }

  #mix(left: Float32Array, right: Float32Array): void {
    const from = this.#faded;
    const towards = this.#hearing === "spatial" ? 1 : -1;
    this.#faded = Math.min(FADE_BLOCKS, Math.max(0, from + towards));
    const step = (this.#faded - from) / (FADE_BLOCKS * BLOCK);
    const gainStep = (this.#match.gain - this.#gain) / BLOCK;
    for (let t = 0; t < BLOCK; t++) {
      // Both are of the same sound, so their shares add up to one, not their squares.
      const along = from / FADE_BLOCKS + step * (t + 1);
      const ears = along * along * (3 - 2 * along);
      const microphones = (1 - ears) * (this.#gain + gainStep * (t + 1));
      left[t] = ears * (this.#ears[0][t] as number) + microphones * (this.#microphones[0][t] as number);
      right[t] = ears * (this.#ears[1][t] as number) + microphones * (this.#microphones[1][t] as number);
    }
    this.#gain = this.#match.gain;
  }
}
