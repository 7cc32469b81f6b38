/** Which rung next: by what the network gave lately and by how much is buffered. Pure but for the estimator's memory. */

import type { Quality, Variant } from "./types";

// ------------------------------------------------------------------------------------ throughput

/** Half-lives in seconds of transfer: the quick one notices a drop, the slow one forgets a peak. */
const QUICK = 2;
const SLOW = 6;

/** Less than this, in less than that time, measures latency, not throughput. */
const MIN_SAMPLE_BYTES = 16 * 1024;
const MIN_SAMPLE_MS = 500;

/** Whether so many bytes in such a time say anything about the network. */
export function isTelling(bytes: number, milliseconds: number): boolean {
  return bytes >= MIN_SAMPLE_BYTES || milliseconds >= MIN_SAMPLE_MS;
}

/** A fall weighs as much as a measurement of so long. */
const FALL_SECONDS = 1;

/** An exponentially weighted mean, corrected for its empty start. */
class Mean {
  #value = 0;
  #weight = 0;
  readonly #halfLife: number;

  constructor(halfLife: number) {
    this.#halfLife = halfLife;
  }

  add(value: number, weight: number): void {
    const keep = 0.5 ** (weight / this.#halfLife);
    this.#value = value * (1 - keep) + this.#value * keep;
    this.#weight += weight;
  }

  /** Forget all but this. */
  restart(value: number, weight: number): void {
    this.#value = 0;
    this.#weight = 0;
    this.add(value, weight);
  }

  get value(): number | null {
    return this.#weight === 0 ? null : this.#value / (1 - 0.5 ** (this.#weight / this.#halfLife));
  }
}

/** Bits per second, measured while bytes arrive. */
export class Throughput {
  readonly #quick = new Mean(QUICK);
  readonly #slow = new Mean(SLOW);

  /** Some bytes took some time. Small samples over a short time are ignored. */
  add(bytes: number, milliseconds: number): void {
    if (!isTelling(bytes, milliseconds)) return;
    const seconds = Math.max(milliseconds, 1) / 1000;
    const rate = (bytes * 8) / seconds;
    this.#quick.add(rate, seconds);
    this.#slow.add(rate, seconds);
  }

  /**
   * A transfer was given up because it came so slowly: what was measured before it holds no longer. The
   * choice of what comes instead would otherwise be the same again.
   */
  fellTo(bitsPerSecond: number): void {
    this.#quick.restart(bitsPerSecond, FALL_SECONDS);
    this.#slow.restart(bitsPerSecond, FALL_SECONDS);
  }

  /** The pessimistic one of the two means; null before anything was measured. */
  get bitsPerSecond(): number | null {
    const [quick, slow] = [this.#quick.value, this.#slow.value];
    return quick === null || slow === null ? null : Math.min(quick, slow);
  }
}

// ---------------------------------------------------------------------------------------- choice

export interface Choice {
  /** Of one song, in any order; all playable here. */
  readonly variants: readonly Variant[];
  readonly quality: Quality;
  readonly bitsPerSecond: number | null;
  readonly bufferedSeconds: number;
  /** The rung appended last, if any. */
  readonly rung: string | null;
  /** What the server proposed: decides while nothing is measured. */
  readonly proposed: string;
}

/** The share of the measured rate that a rung may need. */
const SAFE = 0.7;
/** Going up needs this much in the buffer, so that a wrong guess is not heard. */
const UP_AFTER_SECONDS = 5;
/** With this much left after the download, the present rung may stay though the network is slower. */
const RESERVE_SECONDS = 12;
/** The same when the listener asked for lossless: hold on longer. */
const LOSSLESS_RESERVE_SECONDS = 5;

/** What a preference allows at most, in bits per second. */
export const CEILING: Readonly<Record<Quality, number>> = {
  auto: Number.POSITIVE_INFINITY,
  lossless: Number.POSITIVE_INFINITY,
  high: 320_000,
  standard: 160_000,
  low: 96_000,
};

/** The rungs that the listener's preference allows, lowest first; the lowest is always among them. */
export function allowed(variants: readonly Variant[], quality: Quality): readonly Variant[] {
  const sorted = [...variants].sort((a, b) => a.averageBandwidth - b.averageBandwidth);
  const fitting = sorted.filter(
    (variant) =>
      variant.averageBandwidth <= CEILING[quality] &&
      (!variant.lossless || quality === "auto" || quality === "lossless"),
  );
  return fitting.length > 0 ? worthTheirBytes(fitting) : sorted.slice(0, 1);
}

/** Of quiet or simple music the lossless rung can be the smaller one: then no lossy rung above it is of use. */
function worthTheirBytes(sorted: readonly Variant[]): readonly Variant[] {
  const lossless = sorted.findIndex((variant) => variant.lossless);
  return lossless < 0 ? sorted : sorted.filter((variant, i) => i <= lossless || variant.lossless);
}

/** The rung for the next segment. */
export function choose(choice: Choice): Variant | null {
  const ladder = allowed(choice.variants, choice.quality);
  const lowest = ladder[0];
  if (!lowest) return null;
  if (choice.bitsPerSecond === null) return first(ladder, choice) ?? lowest;
  const rate = choice.bitsPerSecond;
  const affordable = ladder.filter((variant) => needs(variant) <= rate * SAFE).at(-1) ?? lowest;
  const present = ladder.find((variant) => variant.rung === choice.rung);
  if (!present) return affordable;
  if (affordable.averageBandwidth > present.averageBandwidth) {
    return choice.bufferedSeconds >= UP_AFTER_SECONDS ? affordable : present;
  }
  return maySlip(present, rate, choice) ? present : affordable;
}

/** Nothing measured yet: what plays already, else the server's proposal, else the best that is allowed. */
function first(ladder: readonly Variant[], { rung, proposed }: Choice): Variant | undefined {
  const named = (name: string | null): Variant | undefined =>
    ladder.find((variant) => variant.rung === name);
  return named(rung) ?? named(proposed) ?? ladder.at(-1);
}

/** Whether the buffer can pay for one more segment of the present rung. */
function maySlip(present: Variant, rate: number, choice: Choice): boolean {
  const reserve = choice.quality === "lossless" ? LOSSLESS_RESERVE_SECONDS : RESERVE_SECONDS;
  const [samples, bytes] = present.segments[0] ?? [0, 0];
  const seconds = (bytes * 8) / rate;
  const plays = samples / present.sampleRate;
  // A rung that the network carries in full, if without the margin, never drains the buffer.
  const sustained = seconds <= plays * 0.9;
  return choice.bufferedSeconds - seconds >= (sustained ? UP_AFTER_SECONDS : reserve);
}

/** What a rung needs of the network: its mean over a song, since the buffer levels its peaks. */
function needs(variant: Variant): number {
  return variant.averageBandwidth;
}

/** With less than this ahead, a download that cannot keep up is given up for a lower rung. */
const ABANDON_BELOW_SECONDS = 7;

export interface Transfer {
  readonly variant: Variant;
  readonly variants: readonly Variant[];
  readonly quality: Quality;
  readonly bytesLeft: number;
  /** Of this transfer, over its last second or so. */
  readonly bitsPerSecond: number;
  readonly bufferedSeconds: number;
}

/** Whether to give up a running download, because a lower rung would arrive in time and this does not. */
export function shouldAbandon(transfer: Transfer): boolean {
  const { variant, bytesLeft, bitsPerSecond, bufferedSeconds } = transfer;
  const lowest = allowed(transfer.variants, transfer.quality)[0];
  if (!lowest || lowest.rung === variant.rung || bufferedSeconds > ABANDON_BELOW_SECONDS) return false;
  if (bitsPerSecond > needs(variant)) return false;
  const secondsLeft = (bytesLeft * 8) / Math.max(bitsPerSecond, 1);
  return secondsLeft > Math.max(0, bufferedSeconds - 1) && bytesLeft > (lowest.segments[0]?.[1] ?? 0);
}
