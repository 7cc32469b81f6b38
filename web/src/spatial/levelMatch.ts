/**
 * The gain that makes one way of hearing as loud as another, measured while both run. Pure but for its memory.
 *
 * Both are weighted as in ITU-R BS.1770 (a shelf for the head and a high-pass) and their power is averaged over
 * seconds; what is silent counts for neither.
 */

/** How long the averages remember. */
const SECONDS = 3;
/** About -70 LUFS. */
const SILENT = 1e-7;
const MOST_DB = 12;

type Pair = readonly [left: Float32Array, right: Float32Array];

export class LevelMatch {
  readonly #meters: readonly [Meter, Meter];
  readonly #longest: number;
  #measured = 0;
  #wanted = 0;
  #other = 0;
  /** What the second must be multiplied by; 1 before anything was heard. */
  gain = 1;

  constructor(sampleRate: number) {
    this.#meters = [new Meter(sampleRate), new Meter(sampleRate)];
    this.#longest = SECONDS * sampleRate;
  }

  /** Hear a block of both: the one that gives the level, and the one that is to follow. */
  hear(wanted: Pair, other: Pair): void {
    const [a, b] = [this.#meters[0].power(wanted), this.#meters[1].power(other)];
    if (a < SILENT || b < SILENT) return;
    const samples = wanted[0].length;
    this.#measured = Math.min(this.#measured + samples, this.#longest);
    // A plain mean at first, so that the first seconds already count.
    const share = samples / this.#measured;
    this.#wanted += share * (a - this.#wanted);
    this.#other += share * (b - this.#other);
    const most = 10 ** (MOST_DB / 20);
    this.gain = Math.min(most, Math.max(1 / most, Math.sqrt(this.#wanted / this.#other)));
  }
}

class Meter {
  readonly #left: readonly [Biquad, Biquad];
  readonly #right: readonly [Biquad, Biquad];

  constructor(sampleRate: number) {
    this.#left = [shelf(sampleRate), highPass(sampleRate)];
    this.#right = [shelf(sampleRate), highPass(sampleRate)];
  }

  /** The weighted power of a block, both channels together. */
  power([left, right]: Pair): number {
    return powerOf(left, this.#left) + powerOf(right, this.#right);
  }
}

function powerOf(samples: Float32Array, [first, second]: readonly [Biquad, Biquad]): number {
  let sum = 0;
  for (let t = 0; t < samples.length; t++) {
    const weighted = second.next(first.next(samples[t] as number));
    sum += weighted * weighted;
  }
  return sum / samples.length;
}

class Biquad {
  readonly #b: readonly [number, number, number];
  readonly #a: readonly [number, number];
  #s1 = 0;
  #s2 = 0;

  constructor(b: readonly [number, number, number], a: readonly [number, number]) {
    this.#b = b;
    this.#a = a;
  }

  next(x: number): number {
    const y = this.#b[0] * x + this.#s1;
    this.#s1 = this.#b[1] * x - this.#a[0] * y + this.#s2;
    this.#s2 = this.#b[2] * x - this.#a[1] * y;
    return y;
  }
}

/** The first stage of BS.1770, for any rate: its coefficients at 48 kHz come out again. */
function shelf(rate: number): Biquad {
  const k = Math.tan((Math.PI * 1681.974450955533) / rate);
  const [high, q] = [10 ** (3.999843853973347 / 20), 0.7071752369554196];
  const band = high ** 0.4996667741545416;
  const a0 = 1 + k / q + k * k;
  return new Biquad(
    [(high + (band * k) / q + k * k) / a0, (2 * (k * k - high)) / a0, (high - (band * k) / q + k * k) / a0],
    [(2 * (k * k - 1)) / a0, (1 - k / q + k * k) / a0],
  );
}

/** The second stage. */
function highPass(rate: number): Biquad {
  const k = Math.tan((Math.PI * 38.13547087602444) / rate);
  const q = 0.5003270373238773;
  const a0 = 1 + k / q + k * k;
  return new Biquad([1, -2, 1], [(2 * (k * k - 1)) / a0, (1 - k / q + k * k) / a0]);
}
