import { describe, expect, it } from "vitest";
import { dragged, inWords, LOOKING_AHEAD, pressed, returning } from "./steering";

describe("a head turned by hand", () => {
  it("looks where the nose is pulled", () => {
    expect(dragged(LOOKING_AHEAD, 100, 0).yaw).toBeLessThan(0);
    expect(dragged(LOOKING_AHEAD, 0, -50).pitch).toBeGreaterThan(0);
  });

  it("goes round and round, but not over its own back", () => {
    let head = LOOKING_AHEAD;
    for (let n = 0; n < 50; n++) head = pressed(head, "ArrowLeft", false) ?? head;
    expect(head.yaw).toBe(140);
    for (let n = 0; n < 50; n++) head = pressed(head, "ArrowUp", false) ?? head;
    expect(head.pitch).toBe(75);
    expect(pressed(head, "Home", false)).toEqual(LOOKING_AHEAD);
    expect(pressed(head, "a", false)).toBeNull();
  });

  it("returns slowly and then rests", () => {
    let head = { yaw: 90, pitch: -20, roll: 0 };
    head = returning(head, 0.5);
    expect(head.yaw).toBeGreaterThan(60);
    for (let n = 0; n < 30; n++) head = returning(head, 0.5);
    expect(head).toBe(LOOKING_AHEAD);
  });

  it("can be told in words", () => {
    expect(inWords(LOOKING_AHEAD)).toBe("straight ahead");
    expect(inWords({ yaw: 30.2, pitch: -9.8, roll: 0 })).toBe("30° left, 10° down");
    expect(inWords({ yaw: -90, pitch: 0, roll: 0 })).toBe("90° right");
  });
});
