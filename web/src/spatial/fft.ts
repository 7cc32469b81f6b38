/**
 * The complex Fourier transform of one size, for filtering. Pure.
 *
 * Spectra lie in bit-reversed order: the way there ends in it and the way back begins with it, so nobody sorts them.
 * In that order, places 0 and 1 hold frequencies that are their own negatives, and from each power of two h to 2h the
 * negatives of what lies there, backwards.
 */

export class Fourier {
  readonly size: number;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;

  /** `size`: a power of two, 4 or more. */
  constructor(size: number) {
    if (size < 4 || size & (size - 1)) throw new RangeError(`No transform of size ${String(size)}.`);
    this.size = size;
    this.#cos = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.#sin = Float64Array.from({ length: size / 2 }, (_, k) => Math.sin((2 * Math.PI * k) / size));
  }

  /** In place, natural order to bit-reversed. */
  forward(re: Float64Array, im: Float64Array): void {
    const n = this.size;
    const cos = this.#cos;
    const sin = this.#sin;
    for (let half = n >> 1, step = 1; half >= 4; half >>= 1, step <<= 1) {
      for (let start = 0; start < n; start += half << 1) {
        for (let k = 0, w = 0; k < half; k++, w += step) {
          const a = start + k;
          const b = a + half;
          const c = cos[w] as number;
          const s = sin[w] as number;
          const ar = re[a] as number;
          const ai = im[a] as number;
          const br = re[b] as number;
          const bi = im[b] as number;
          const dr = ar - br;
          const di = ai - bi;
          re[a] = ar + br;
          im[a] = ai + bi;
          re[b] = dr * c + di * s;
          im[b] = di * c - dr * s;
        }
      }
    }
    fours(re, im, n);
  }

  /** In place, bit-reversed order to natural; larger by `size` than what went in. */
  backward(re: Float64Array, im: Float64Array): void {
    const n = this.size;
    const cos = this.#cos;
    const sin = this.#sin;
    foursBack(re, im, n);
    for (let half = 4, step = n >> 3; half < n; half <<= 1, step >>= 1) {
      for (let start = 0; start < n; start += half << 1) {
        for (let k = 0, w = 0; k < half; k++, w += step) {
          const a = start + k;
          const b = a + half;
          const c = cos[w] as number;
          const s = sin[w] as number;
          const ar = re[a] as number;
          const ai = im[a] as number;
          const br = re[b] as number;
          const bi = im[b] as number;
          const tr = br * c - bi * s;
          const ti = bi * c + br * s;
          re[a] = ar + tr;
          im[a] = ai + ti;
          re[b] = ar - tr;
          im[b] = ai - ti;
        }
      }
    }
  }
}

/** The last two steps of the way there, whose factors are 1 and -i. */
function fours(re: Float64Array, im: Float64Array, n: number): void {
  for (let i = 0; i < n; i += 4) {
    const ar = (re[i] as number) + (re[i + 2] as number);
    const ai = (im[i] as number) + (im[i + 2] as number);
    const br = (re[i + 1] as number) + (re[i + 3] as number);
    const bi = (im[i + 1] as number) + (im[i + 3] as number);
    const cr = (re[i] as number) - (re[i + 2] as number);
    const ci = (im[i] as number) - (im[i + 2] as number);
    const dr = (im[i + 1] as number) - (im[i + 3] as number);
    const di = (re[i + 3] as number) - (re[i + 1] as number);
    re[i] = ar + br;
    im[i] = ai + bi;
    re[i + 1] = ar - br;
    im[i + 1] = ai - bi;
    re[i + 2] = cr + dr;
    im[i + 2] = ci + di;
    re[i + 3] = cr - dr;
    im[i + 3] = ci - di;
  }
}

/** The first two steps of the way back, whose factors are 1 and i. */
function foursBack(re: Float64Array, im: Float64Array, n: number): void {
  for (let i = 0; i < n; i += 4) {
    const ar = (re[i] as number) + (re[i + 1] as number);
    const ai = (im[i] as number) + (im[i + 1] as number);
    const br = (re[i] as number) - (re[i + 1] as number);
    const bi = (im[i] as number) - (im[i + 1] as number);
    const cr = (re[i + 2] as number) + (re[i + 3] as number);
    const ci = (im[i + 2] as number) + (im[i + 3] as number);
    const dr = (im[i + 3] as number) - (im[i + 2] as number);
    const di = (re[i + 2] as number) - (re[i + 3] as number);
    re[i] = ar + cr;
    im[i] = ai + ci;
    re[i + 1] = br + dr;
    im[i + 1] = bi + di;
    re[i + 2] = ar - cr;
    im[i + 2] = ai - ci;
    re[i + 3] = br - dr;
    im[i + 3] = bi - di;
  }
}
