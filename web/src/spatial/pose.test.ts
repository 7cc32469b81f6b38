import { describe, expect, it } from "vitest";
import { about, AHEAD, anglesOf, apart, between, inverse, poseOf, product, turnOf, unit, type Quaternion } from "./pose";

const POSES = [
  { yaw: 0, pitch: 0, roll: 0 },
  { yaw: 75, pitch: -20, roll: 5 },
  { yaw: -170, pitch: 60, roll: -100 },
];

describe("a pose", () => {
  it("is found again in its angles", () => {
    for (const angles of POSES) {
      const found = anglesOf(poseOf(angles));
      for (const name of ["yaw", "pitch", "roll"] as const) expect(found[name]).toBeCloseTo(angles[name], 6);
    }
  });

  it("undone by its inverse looks ahead", () => {
    for (const angles of POSES) {
      const pose = poseOf(angles);
      expect(apart(product(pose, inverse(pose)), AHEAD)).toBeLessThan(1e-6);
    }
  });

  it("to the left puts what is ahead on the right", () => {
    const turn = turnOf(poseOf({ yaw: 90, pitch: 0, roll: 0 }));
    const ahead = [turn[1], turn[4], turn[7]] as number[];
    expect(ahead[0]).toBeCloseTo(1, 9);
    expect(ahead[1]).toBeCloseTo(0, 9);
  });

  it("goes the shorter way to another", () => {
    const halfway = between(about("z", 170), about("z", -170), 0.5);
    expect(apart(halfway, about("z", 180))).toBeLessThan(1e-4);
    const flipped = about("z", 40).map((value) => -value) as unknown as Quaternion;
    expect(apart(between(AHEAD, flipped, 0.25), about("z", 10))).toBeLessThan(1e-4);
  });

  it("that is no direction looks ahead", () => {
    expect(unit([0, 0, 0, 0])).toEqual(AHEAD);
    expect(unit([Number.NaN, 1, 0, 0])).toEqual(AHEAD);
  });
});
