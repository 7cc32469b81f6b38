/** A sound field for two ears, the head turning. Pure but for its memory; takes none while it runs. */

import { EarConvolver } from "./earConvolver";
import { turnOf, type Quaternion } from "./pose";
import { COMPONENTS, DEGREES, FieldRotation, ROTATION_SIZE, unturned } from "./rotation";

/** What an audio graph works in. */
export const BLOCK = 128;

export class HeadRenderer {
  readonly #ears: EarConvolver;
  readonly #rotation = new FieldRotation();
  readonly #turned = Array.from({ length: COMPONENTS }, () => new Float64Array(BLOCK));
  readonly #change = new Float64Array(ROTATION_SIZE);
  #before = unturned();
  #after = unturned();
  #turning = false;

  /** `taps`: (2 ears, 16 components, length) as the server sends them. */
  constructor(taps: Float32Array) {
    this.#ears = new EarConvolver(taps, COMPONENTS, BLOCK);
  }

  /** The pose that the next block reaches, by a ramp over it. */
  look(pose: Quaternion): void {
    this.#rotation.write(turnOf(pose), this.#after);
    this.#turning = true;
  }

  /** Take a block of sixteen components, write one for each ear. */
  render(field: readonly Float32Array[], left: Float32Array, right: Float32Array): void {
    (this.#turned[0] as Float64Array).set(field[0] as Float32Array);
    if (this.#turning) this.#turn(field);
    else this.#hold(field);
    this.#ears.push(this.#turned, left, right);
  }

  #hold(field: readonly Float32Array[]): void {
    for (const { first, size, offset } of DEGREES) {
      for (let row = 0; row < size; row++) {
        const out = this.#turned[first + row] as Float64Array;
        out.fill(0);
        for (let column = 0; column < size; column++) {
          const gain = this.#before[offset + row * size + column] as number;
          const heard = field[first + column] as Float32Array;
          if (gain !== 0) for (let t = 0; t < BLOCK; t++) out[t] = (out[t] as number) + gain * (heard[t] as number);
        }
      }
    }
  }

  #turn(field: readonly Float32Array[]): void {
    const change = this.#change;
    for (let i = 0; i < ROTATION_SIZE; i++) change[i] = (this.#after[i] as number) - (this.#before[i] as number);
    for (const { first, size, offset } of DEGREES) {
      for (let row = 0; row < size; row++) {
        const out = this.#turned[first + row] as Float64Array;
        out.fill(0);
        for (let column = 0; column < size; column++) {
          const at = offset + row * size + column;
          const from = this.#before[at] as number;
          const step = (change[at] as number) / BLOCK;
          const heard = field[first + column] as Float32Array;
          for (let t = 0; t < BLOCK; t++) out[t] = (out[t] as number) + (from + step * (t + 1)) * (heard[t] as number);
        }
      }
    }
    [this.#before, this.#after] = [this.#after, this.#before];
    this.#turning = false;
  }
}
