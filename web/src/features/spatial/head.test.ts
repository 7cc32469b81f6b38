import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { anglesOf, type Quaternion } from "../../spatial/pose";
import { Head } from "./head.svelte";

const events = new EventTarget();
const turnedScreen = Object.assign(new EventTarget(), { angle: 0 });

function held(alpha: number, beta: number, at: number): void {
  const event = Object.assign(new Event("deviceorientation"), { alpha, beta, gamma: 0 });
  Object.defineProperty(event, "timeStamp", { value: at });
  events.dispatchEvent(event);
}

function head(): { head: Head; yaws: number[] } {
  const yaws: number[] = [];
  return { head: new Head((pose: Quaternion) => void yaws.push(Math.round(anglesOf(pose).yaw) + 0)), yaws };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("addEventListener", events.addEventListener.bind(events));
  vi.stubGlobal("screen", { orientation: turnedScreen });
  vi.stubGlobal("cancelAnimationFrame", () => undefined);
  vi.stubGlobal("DeviceOrientationEvent", Event);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("the listener's head", () => {
  it("tells each pose at once, by keys and by dragging", () => {
    const { head: turned, yaws } = head();
    expect(turned.press("ArrowLeft", false)).toBe(true);
    expect(turned.press("x", false)).toBe(false);
    turned.drag(50, 0);
    turned.press("Home", false);
    expect(yaws).toEqual([10, -20, 0]);
  });

  it("follows a device from where it is held", async () => {
    const { head: turned, yaws } = head();
    await turned.follow();
    held(200, 50, 1000);
    held(230, 50, 2000);
    expect(turned.motion).toBe("on");
    expect(yaws).toEqual([0, 30]);
    turned.recentre();
    held(230, 50, 3000);
    expect(yaws.at(-1)).toBe(0);
    turned.unfollow();
    held(100, 50, 4000);
    expect([turned.motion, yaws.at(-1)]).toEqual(["off", 0]);
  });

  it("starts from the middle again when the screen turns", async () => {
    const { head: turned, yaws } = head();
    await turned.follow();
    held(0, 90, 1000);
    held(40, 90, 2000);
    turnedScreen.dispatchEvent(new Event("change"));
    held(40, 90, 3000);
    expect(yaws).toEqual([0, 40, 0]);
  });

  it("says when it may not follow, and when there is nothing to follow", async () => {
    const { head: turned } = head();
    vi.stubGlobal("DeviceOrientationEvent", { requestPermission: () => Promise.resolve("denied") });
    await turned.follow();
    expect(turned.motion).toBe("refused");
    vi.stubGlobal("DeviceOrientationEvent", undefined);
    await turned.follow();
    expect(turned.motion).toBe("absent");
  });

  it("gives up on a device that stays silent", async () => {
    const { head: turned } = head();
    await turned.follow();
    vi.advanceTimersByTime(2000);
    expect(turned.motion).toBe("absent");
  });
});
