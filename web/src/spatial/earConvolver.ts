/**
 * Many inputs to two ears through long filters, a block later. Pure.
 *
 * Uniformly partitioned overlap-save. Two real inputs share a complex transform: for the pair a + ib with spectrum Z,
 * and filters g = left + i right, the two ears' spectrum is Z (A - iB) / 2 + conj Z(-f) (A + iB) / 2. Both factors are
 * made beforehand, and one transform back gives the left ear as its real part and the right one as its imaginary.
 */

import { Fourier } from "./fft";

export class EarConvolver {
  readonly block: number;
  readonly #inputs: number;
  readonly #pairs: number;
  readonly #parts: number;
  readonly #fourier: Fourier;
  /** For each part and pair: both factors, real and imaginary. */
  readonly #direct: readonly [re: Float64Array[], im: Float64Array[]];
  readonly #mirrored: readonly [re: Float64Array[], im: Float64Array[]];
  /** The spectra of the last blocks of each pair, in a ring. */
  readonly #past: readonly [re: Float64Array[], im: Float64Array[]];
  readonly #window: readonly Float64Array[];
  readonly #total: readonly [Float64Array, Float64Array];
  #now = 0;

  /** `taps`: (2 ears, inputs, length) in this order, flat; an even number of inputs. `block`: a power of two. */
  constructor(taps: Float32Array, inputs: number, block: number) {
    const length = taps.length / (2 * inputs);
    if (!Number.isInteger(length) || length < 1 || inputs % 2 !== 0) throw new RangeError("Filters are two ears by an even number of inputs by taps.");
    this.block = block;
    this.#inputs = inputs;
    this.#pairs = inputs / 2;
    this.#parts = Math.ceil(length / block);
    this.#fourier = new Fourier(2 * block);
    const { size } = this.#fourier;
    const blank = (count: number): Float64Array[] => Array.from({ length: count }, () => new Float64Array(size));
    const spectra = (): [Float64Array[], Float64Array[]] => [blank(this.#parts * this.#pairs), blank(this.#parts * this.#pairs)];
    this.#direct = spectra();
    this.#mirrored = spectra();
    this.#past = spectra();
    this.#window = blank(inputs);
    this.#total = [new Float64Array(size), new Float64Array(size)];
    for (let part = 0; part < this.#parts; part++) {
      for (let pair = 0; pair < this.#pairs; pair++) this.#prepare(taps, length, part, pair);
    }
  }

  /** Take a block of each input, write a block for each ear. */
  push(inputs: readonly Float64Array[], left: Float32Array, right: Float32Array): void {
    this.#now = (this.#now + this.#parts - 1) % this.#parts;
    for (let pair = 0; pair < this.#pairs; pair++) this.#transform(inputs, pair);
    const [re, im] = this.#total;
    re.fill(0);
    im.fill(0);
    for (let part = 0; part < this.#parts; part++) {
      const slot = (this.#now + part) % this.#parts;
      for (let pair = 0; pair < this.#pairs; pair++) this.#accumulate(slot * this.#pairs + pair, part * this.#pairs + pair);
    }
    this.#fourier.backward(re, im);
    const { size } = this.#fourier;
    for (let i = 0; i < this.block; i++) {
      left[i] = (re[this.block + i] as number) / size;
      right[i] = (im[this.block + i] as number) / size;
    }
  }

  #transform(inputs: readonly Float64Array[], pair: number): void {
    const at = this.#now * this.#pairs + pair;
    const parts = [this.#past[0][at] as Float64Array, this.#past[1][at] as Float64Array] as const;
    for (let side = 0; side < 2; side++) {
      const window = this.#window[2 * pair + side] as Float64Array;
      window.copyWithin(0, this.block);
      window.set(inputs[2 * pair + side] as Float64Array, this.block);
      (parts[side] as Float64Array).set(window);
    }
    this.#fourier.forward(parts[0], parts[1]);
  }

  #accumulate(past: number, filter: number): void {
    const { size } = this.#fourier;
    const zr = this.#past[0][past] as Float64Array;
    const zi = this.#past[1][past] as Float64Array;
    const [re, im] = this.#total;
    const dr = this.#direct[0][filter] as Float64Array;
    const di = this.#direct[1][filter] as Float64Array;
    const mr = this.#mirrored[0][filter] as Float64Array;
    const mi = this.#mirrored[1][filter] as Float64Array;
    // The places 0 and 1 hold frequencies that are their own negatives; from h to 2h, negatives lie in reverse order.
    for (let k = 0; k < 2; k++) {
      const a = zr[k] as number;
      const b = zi[k] as number;
      re[k] = (re[k] as number) + a * (dr[k] as number) - b * (di[k] as number) + a * (mr[k] as number) + b * (mi[k] as number);
      im[k] = (im[k] as number) + a * (di[k] as number) + b * (dr[k] as number) + a * (mi[k] as number) - b * (mr[k] as number);
    }
    for (let h = 2; h < size; h <<= 1) {
      const end = h + (h >> 1);
      for (let k = h, m = 2 * h - 1; k < end; k++, m--) {
        const a = zr[k] as number;
        const b = zi[k] as number;
        const c = zr[m] as number;
        const d = zi[m] as number;
        let p = dr[k] as number;
        let q = di[k] as number;
        let r = mr[k] as number;
        let s = mi[k] as number;
        re[k] = (re[k] as number) + a * p - b * q + c * r + d * s;
        im[k] = (im[k] as number) + a * q + b * p + c * s - d * r;
        p = dr[m] as number;
        q = di[m] as number;
        r = mr[m] as number;
        s = mi[m] as number;
        re[m] = (re[m] as number) + c * p - d * q + a * r + b * s;
        im[m] = (im[m] as number) + c * q + d * p + a * s - b * r;
      }
    }
  }

  #prepare(taps: Float32Array, length: number, part: number, pair: number): void {
    const { size } = this.#fourier;
    const spectrum = (input: number): readonly [Float64Array, Float64Array] => {
      const ears = [0, 1].map((ear) => {
        const from = (ear * this.#inputs + input) * length;
        const padded = new Float64Array(size);
        padded.set(taps.subarray(from + part * this.block, from + Math.min(length, (part + 1) * this.block)));
        return padded;
      }) as [Float64Array, Float64Array];
      this.#fourier.forward(...ears);
      return ears;
    };
    const [ar, ai] = spectrum(2 * pair);
    const [br, bi] = spectrum(2 * pair + 1);
    const at = part * this.#pairs + pair;
    const [direct, mirrored] = [this.#direct, this.#mirrored].map(([re, im]) => [re[at], im[at]] as [Float64Array, Float64Array]) as [
      [Float64Array, Float64Array],
      [Float64Array, Float64Array],
    ];
    for (let k = 0; k < size; k++) {
      const [a, b, c, d] = [ar[k] as number, ai[k] as number, br[k] as number, bi[k] as number];
      direct[0][k] = (a + d) / 2;
      direct[1][k] = (b - c) / 2;
      mirrored[0][k] = (a - d) / 2;
      mirrored[1][k] = (b + c) / 2;
    }
  }
}
