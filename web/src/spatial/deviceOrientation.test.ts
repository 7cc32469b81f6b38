import { describe, expect, it } from "vitest";
import { Centre, poseOfDevice, Steadier } from "./deviceOrientation";
import { about, AHEAD, anglesOf, apart, poseOf, type Quaternion } from "./pose";

const held = (alpha: number, beta: number, gamma = 0, screen = 0): Quaternion => {
  const pose = poseOfDevice({ alpha, beta, gamma }, screen);
  if (pose === null) throw new Error("no pose");
  return pose;
};

describe("how a device is held", () => {
  it("is a head that looks north when it stands upright and north is behind it", () => {
    expect(apart(held(0, 90), AHEAD)).toBeLessThan(1e-6);
  });

  it("turns the head to the left when it is turned to the left, and down when its top leans away", () => {
    expect(anglesOf(held(40, 90)).yaw).toBeCloseTo(40, 6);
    expect(anglesOf(held(0, 60)).pitch).toBeCloseTo(-30, 6);
  });

  it("does not tilt the head when the device lies on its side and the screen has turned with it", () => {
    // Its top to the left, upright: the screen's content stands at 90 degrees.
    const upright = poseOfDevice({ alpha: 90, beta: 0, gamma: -90 }, 90) as Quaternion;
    expect(Math.abs(anglesOf(upright).roll)).toBeLessThan(1e-6);
    expect(Math.abs(anglesOf(upright).pitch)).toBeLessThan(1e-6);
  });

  it("is not known without sensors", () => {
    expect(poseOfDevice({ alpha: null, beta: null, gamma: null }, 0)).toBeNull();
  });
});

describe("the middle", () => {
  it("is how the device is held when it is asked, tilted as it may be", () => {
    const centre = new Centre();
    expect(apart(centre.seen(held(123, 40)), AHEAD)).toBeLessThan(1e-5);
    const turned = anglesOf(centre.seen(held(123 + 30, 40)));
    expect(turned.yaw).toBeCloseTo(30, 5);
    expect(turned.pitch).toBeCloseTo(0, 5);
    expect(turned.roll).toBeCloseTo(0, 5);
    centre.reset();
    expect(apart(centre.seen(held(153, 40)), AHEAD)).toBeLessThan(1e-5);
  });

  it("follows slowly when it is to", () => {
    const centre = new Centre();
    centre.seen(held(0, 90));
    for (let n = 0; n < 600; n++) centre.follow(centre.seen(held(50, 90)), 0.1);
    expect(apart(centre.seen(held(50, 90)), AHEAD)).toBeLessThan(1);
  });
});

describe("steadying", () => {
  it("takes out most of a trembling", () => {
    const steadier = new Steadier();
    let furthest = 0;
    for (let n = 0; n < 240; n++) {
      const pose = steadier.next(about("z", n % 2 === 0 ? 0.05 : -0.05), n * 16);
      if (n > 60) furthest = Math.max(furthest, apart(pose, AHEAD));
    }
    expect(furthest).toBeLessThan(0.05 * 0.6);
  });

  it("lags behind a turning head by less than 5 ms", () => {
    const steadier = new Steadier();
    let behind = 0;
    for (let n = 0; n < 120; n++) {
      const true_ = about("z", n * 1.6);
      behind = apart(steadier.next(true_, n * 16), true_);
    }
    expect(behind / 100).toBeLessThan(0.005); // degrees over 100 degrees a second
  });

  it("goes to the pose at once after a pause", () => {
    const steadier = new Steadier();
    steadier.next(AHEAD, 0);
    expect(apart(steadier.next(poseOf({ yaw: 90, pitch: 0, roll: 0 }), 1000), about("z", 90))).toBeLessThan(1e-6);
  });
});
