import { describe, expect, it } from "vitest";
import written from "../../../tests/golden/spatial/head_tracking.json";
import { BLOCK, HeadRenderer } from "./headRenderer";
import { apart, poseOf, turnOf, type HeadAngles, type Quaternion } from "./pose";
import { COMPONENTS, DEGREES, FieldRotation, ROTATION_SIZE } from "./rotation";

interface Golden {
  readonly poses: readonly (HeadAngles & { quaternion: Quaternion; turn: number[]; rotation: number[][] })[];
  readonly looks: readonly number[];
  readonly block: number;
  readonly taps: number;
  readonly decay: number;
  readonly ears: readonly [number[], number[]];
}

/** Written by Python, which tests against it too. */
const golden = written as unknown as Golden;
const MOST = 1e-5;

/** The golden's generator. */
function drawn(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN))), 0);

describe("what Python and the player must agree on", () => {
  it("names the same pose by angles and by quaternion", () => {
    for (const pose of golden.poses) expect(apart(poseOf(pose), pose.quaternion)).toBeLessThan(1e-4);
  });

  it("turns points into the head's axes alike", () => {
    for (const { quaternion, turn } of golden.poses) expect(furthest(turnOf(quaternion), turn)).toBeLessThan(MOST);
  });

  it("turns a third-order field alike", () => {
    const rotation = new Float64Array(ROTATION_SIZE);
    const turning = new FieldRotation();
    for (const pose of golden.poses) {
      turning.write(turnOf(pose.quaternion), rotation);
      for (const [d, { size, offset }] of DEGREES.entries()) {
        expect(furthest(rotation.subarray(offset, offset + size * size), pose.rotation[d] as number[])).toBeLessThan(MOST);
      }
    }
  });

  it("hears the same field with a head that turns", () => {
    expect(golden.block).toBe(BLOCK);
    const samples = BLOCK * golden.looks.length;
    const sound = drawn(COMPONENTS * samples, 1);
    const filters = drawn(2 * COMPONENTS * golden.taps, 2).map((value, i) => (value * Math.exp(-(i % golden.taps) / golden.decay)) / COMPONENTS);
    const renderer = new HeadRenderer(filters);
    const ears = [new Float32Array(samples), new Float32Array(samples)] as const;
    let before = 0;
    for (const [n, look] of golden.looks.entries()) {
      const [from, to] = [n * BLOCK, (n + 1) * BLOCK];
      if (look !== before) renderer.look((golden.poses[look] as Golden["poses"][number]).quaternion);
      before = look;
      const field = Array.from({ length: COMPONENTS }, (_, c) => sound.subarray(c * samples + from, c * samples + to));
      renderer.render(field, ears[0].subarray(from, to), ears[1].subarray(from, to));
    }
    expect(Math.max(...golden.ears[0].map(Math.abs))).toBeGreaterThan(0.1);
    expect(furthest(ears[0], golden.ears[0])).toBeLessThan(MOST);
    expect(furthest(ears[1], golden.ears[1])).toBeLessThan(MOST);
  });
});
