/**
 * The head's pose from how a device is held or worn. Pure but for what it remembers.
 *
 * Devices report W3C angles: turns about their own axes (x to the right of the screen, y to its top, z out of it) that
 * bring the axes of the earth (east, north, up) to theirs. Who looks at the screen looks along -z.
 */

import { about, AHEAD, anglesOf, apart, between, inverse, product, type Quaternion } from "./pose";

export interface DeviceAngles {
  readonly alpha: number | null;
  readonly beta: number | null;
  readonly gamma: number | null;
}

/** From the head's axes to the device's: the front is behind the screen, up is its top. */
const FACING = about("x", -90);

/** The pose of a head that looks at this screen, turned by `screenAngle` degrees; null where the device does not know. */
export function poseOfDevice({ alpha, beta, gamma }: DeviceAngles, screenAngle: number): Quaternion | null {
  if (alpha === null || beta === null || gamma === null) return null;
  const device = product(product(about("z", alpha), about("x", beta)), about("y", gamma));
  return product(product(device, about("z", -screenAngle)), FACING);
}

/** How fast what is held becomes the middle, when that is wanted. */
const RETURN_SECONDS = 12;

/** What counts as straight ahead: how the device was held when it was last asked. */
export class Centre {
  #heading: Quaternion = AHEAD;
  #mount: Quaternion | null = null;

  /** From now on, the next pose is ahead. */
  reset(): void {
    this.#mount = null;
  }

  /** The pose as seen from the middle. Turns about the vertical stay turns of the head, however the device is tilted. */
  seen(pose: Quaternion): Quaternion {
    if (this.#mount === null) {
      this.#heading = about("z", -anglesOf(pose).yaw);
      this.#mount = inverse(product(this.#heading, pose));
    }
    return product(product(this.#heading, pose), this.#mount);
  }

  /** Let the middle follow slowly: after so long, a share of the way to where the head looks. */
  follow(pose: Quaternion, seconds: number): void {
    const share = 1 - Math.exp(-seconds / RETURN_SECONDS);
    const back = about("z", -anglesOf(pose).yaw);
    this.#heading = product(between(AHEAD, back, share), this.#heading);
  }
}

/** Slower than this, a pose is mostly trembling. */
const CUTOFF_HERTZ = 2;
/** For each degree a second, so much more passes: at 60 degrees a second the lag is below 4 ms. */
const HERTZ_PER_SPEED = 0.7;

/**
 * Takes the trembling out of poses that hardly move and leaves alone those that do: a low-pass whose corner rises with
 * the speed (Casiez et al., CHI 2012, on quaternions).
 */
export class Steadier {
  #pose: Quaternion | null = null;
  #raw: Quaternion = AHEAD;
  #at = 0;

  next(pose: Quaternion, atMs: number): Quaternion {
    const seconds = (atMs - this.#at) / 1000;
    const before = this.#pose;
    const speed = apart(this.#raw, pose) / Math.max(seconds, 1e-3);
    this.#raw = pose;
    this.#at = atMs;
    // After a pause there is nothing to be steady against.
    if (before === null || seconds > 0.25 || seconds <= 0) return (this.#pose = pose);
    const cutoff = CUTOFF_HERTZ + HERTZ_PER_SPEED * speed;
    const share = 1 / (1 + 1 / (2 * Math.PI * cutoff * seconds));
    return (this.#pose = between(before, pose, share));
  }
}
