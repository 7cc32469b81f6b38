import { describe, expect, it } from "vitest";
import { FieldListener } from "./fieldListener";
import { BLOCK } from "./headRenderer";
import { LevelMatch } from "./levelMatch";
import { poseOf } from "./pose";
import { COMPONENTS, encode } from "./rotation";

const RATE = 48_000;
const TAPS = 64;

/** A crude head: each ear is a cardioid to its own side, and 6 dB louder than microphones would be. */
function head(): Float32Array {
  const taps = new Float32Array(2 * COMPONENTS * TAPS);
  for (const [ear, side] of [[0, 1], [1, -1]] as const) {
    taps[ear * COMPONENTS * TAPS] = 1;
    taps[(ear * COMPONENTS + 1) * TAPS] = side;
  }
  return taps;
}

let state = 7;
const random = (): number => {
  state = (Math.imul(1664525, state) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
};

/** Noise from a direction: a block of the field. */
function from(right: number, front: number, up = 0): Float32Array[] {
  const gains = new Float64Array(COMPONENTS);
  encode(right, front, up, gains);
  const noise = Float32Array.from({ length: BLOCK }, () => 0.2 * random());
  return Array.from(gains, (gain) => noise.map((value) => value * gain));
}

const power = (samples: Float32Array): number => samples.reduce((sum, value) => sum + value * value, 0) / samples.length;

interface Heard {
  readonly left: Float32Array;
  readonly right: Float32Array;
}

function hear(listener: FieldListener, blocks: number, field: () => Float32Array[]): Heard {
  const [left, right] = [new Float32Array(blocks * BLOCK), new Float32Array(blocks * BLOCK)];
  for (let n = 0; n < blocks; n++) {
    const part = [n * BLOCK, (n + 1) * BLOCK] as const;
    listener.render(field(), left.subarray(...part), right.subarray(...part));
  }
  return { left, right };
}

describe("listening to a field", () => {
  it("moves what is ahead to the right ear when the head turns to the left", () => {
    const listener = new FieldListener(RATE);
    listener.wear(head());
    const ahead = hear(listener, 40, () => from(0, 1));
    expect(power(ahead.left) / power(ahead.right)).toBeCloseTo(1, 1);
    listener.look(poseOf({ yaw: 90, pitch: 0, roll: 0 }));
    hear(listener, 2, () => from(0, 1));
    const turned = hear(listener, 40, () => from(0, 1));
    expect(power(turned.right)).toBeGreaterThan(100 * power(turned.left));
  });

  it("hears stereo with the same level, and without regard to the head", () => {
    const listener = new FieldListener(RATE);
    listener.wear(head());
    const places = [[1, 0], [-0.6, 0.8], [0, 1], [0.6, -0.8]] as const;
    let turn = 0;
    const moving = (): Float32Array[] => from(...(places[turn++ % 4] as readonly [number, number]));
    const spatial = hear(listener, 800, moving);
    listener.hear("stereo");
    hear(listener, 16, moving);
    const stereo = hear(listener, 800, moving);
    const ratio = (power(stereo.left) + power(stereo.right)) / (power(spatial.left) + power(spatial.right));
    expect(Math.abs(10 * Math.log10(ratio))).toBeLessThan(0.5);
    listener.look(poseOf({ yaw: 180, pitch: 0, roll: 0 }));
    const behind = hear(listener, 40, () => from(-0.8, 0.6));
    expect(power(behind.left)).toBeGreaterThan(power(behind.right));
  });

  it("goes from one to the other without a step", () => {
    const listener = new FieldListener(RATE);
    listener.wear(head());
    let t = 0;
    const tone = (): Float32Array[] => {
      const field = from(0, 1).map((c) => c.fill(0));
      for (let i = 0; i < BLOCK; i++, t++) for (const c of [0, 3]) (field[c] as Float32Array)[i] = 0.5 * Math.sin((2 * Math.PI * 200 * t) / RATE);
      return field;
    };
    hear(listener, 100, tone);
    listener.hear("stereo");
    const { left } = hear(listener, 60, tone);
    const steps = left.slice(1).map((value, i) => Math.abs(value - (left[i] as number)));
    expect(Math.max(...steps)).toBeLessThan(2 * 0.5 * 2 * Math.PI * (200 / RATE) * 1.5);
  });

  it("is never silent, though the head's filters have not come", () => {
    const { left, right } = hear(new FieldListener(RATE), 4, () => from(-1, 0));
    expect(power(left)).toBeGreaterThan(power(right));
    expect(power(right)).toBeGreaterThan(0);
  });
});

describe("matching levels", () => {
  it("weighs as BS.1770 does: 997 Hz counts for 0.7 dB more than it is", () => {
    const match = new LevelMatch(RATE);
    const tone = (hertz: number, level: number, n: number): Float32Array =>
      Float32Array.from({ length: BLOCK }, (_, i) => level * Math.sin((2 * Math.PI * hertz * (n * BLOCK + i)) / RATE));
    for (let n = 0; n < 2000; n++) {
      const [wanted, other] = [tone(997, 0.1, n), tone(40, 0.1, n)];
      match.hear([wanted, wanted], [other, other]);
    }
    // 0.69 dB at 997 Hz, -5.6 dB at 40 Hz.
    expect(20 * Math.log10(match.gain)).toBeCloseTo(6.3, 0);
  });

  it("does not let silence count, and never asks for more than 12 dB", () => {
    const match = new LevelMatch(RATE);
    const [loud, soft, silent] = [0.5, 0.001, 0].map((level) => Float32Array.from({ length: BLOCK }, () => level * random())) as [Float32Array, Float32Array, Float32Array];
    match.hear([loud, loud], [silent, silent]);
    expect(match.gain).toBe(1);
    for (let n = 0; n < 100; n++) match.hear([loud, loud], [soft, soft]);
    expect(20 * Math.log10(match.gain)).toBeCloseTo(12, 6);
  });
});
