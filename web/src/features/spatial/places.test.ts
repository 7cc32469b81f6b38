import { describe, expect, it } from "vitest";
import { drawn, placeAt } from "./places";

const moving = { name: "Voice", kind: "object", track: [[0, -1, 0, 0], [1000, 1, 0, 0], [2000, 0, 1, 1]] } as const;
const still = { name: "Hall", kind: "bed", track: [[0, 0, -1, -0.6]] } as const;

describe("where an object is", () => {
  it("is between two points of its track", () => {
    expect(placeAt(moving, 250)).toEqual({ x: -0.5, y: 0, z: 0 });
    expect(placeAt(moving, 1000)).toEqual({ x: 1, y: 0, z: 0 });
  });

  it("is at its track's ends before and after", () => {
    expect(placeAt({ ...moving, track: [[500, 0, 1, 0]] }, 0)).toEqual({ x: 0, y: 1, z: 0 });
    const last = placeAt(moving, 99_000);
    expect(last?.y).toBeCloseTo(Math.SQRT1_2, 6); // a corner of the cube lies on the ball
  });

  it("is nowhere without a track", () => {
    expect(placeAt({ ...moving, track: [] }, 0)).toBeNull();
  });
});

describe("the plan", () => {
  const scene = { durationMs: 2000, objects: [moving, still] };

  it("shows the front at the top, and what is high larger and over the rest", () => {
    const [low, high] = drawn(scene, 2000, true);
    expect([low?.name, high?.name]).toEqual(["Hall", "Voice"]);
    expect(high?.top).toBeLessThan(0);
    expect(low?.top).toBeGreaterThan(0);
    expect(high?.radius ?? 0).toBeGreaterThan(low?.radius ?? 0);
    expect([low?.below, high?.below]).toEqual([true, false]);
  });

  it("draws the way of what moves, and only of that, and only when it may", () => {
    const trails = (may: boolean): boolean[] => drawn(scene, 800, may).map(({ trail }) => trail !== "");
    expect(trails(true)).toEqual([false, true]);
    expect(trails(false)).toEqual([false, false]);
  });

  it("names a few, not a crowd", () => {
    expect(drawn(scene, 0, false).every(({ showsName }) => showsName)).toBe(true);
    const crowd = { durationMs: 1, objects: Array.from({ length: 40 }, () => still) };
    expect(drawn(crowd, 0, false).some(({ showsName }) => showsName)).toBe(false);
  });
});
