/** The listener's head: turned by hand, or by a device that knows how it is held. One for the whole page. */

import { Centre, poseOfDevice, Steadier } from "../../spatial/deviceOrientation";
import { anglesOf, poseOf, type HeadAngles, type Quaternion } from "../../spatial/pose";
import { dragged, LOOKING_AHEAD, pressed, returning } from "../../spatial/steering";

export type Motion = "off" | "on" | "refused" | "absent";

/** iPhones ask, and only within a gesture. */
type Asking = typeof DeviceOrientationEvent & { requestPermission?: () => Promise<"granted" | "denied"> };

/** A device that says nothing for so long has no sensors. */
const SILENT_MS = 1500;

export class Head {
  angles = $state.raw<HeadAngles>(LOOKING_AHEAD);
  motion = $state<Motion>("off");
  /** Whether what is let go slowly looks ahead again. */
  slowReturn = $state(false);

  readonly #look: (pose: Quaternion) => void;
  readonly #centre = new Centre();
  #steadier = new Steadier();
  #held = false;
  #frame = 0;
  #listening: AbortController | null = null;

  /** `look` hears of each pose at once. */
  constructor(look: (pose: Quaternion) => void) {
    this.#look = look;
  }

  drag(pixelsRight: number, pixelsDown: number): void {
    this.#turn(dragged(this.angles, pixelsRight, pixelsDown));
  }

  hold(held: boolean): void {
    this.#held = held;
    if (!held) this.#letGo();
  }

  /** Whether the key was for the head. */
  press(key: string, fine: boolean): boolean {
    const next = pressed(this.angles, key, fine);
    if (next === null) return false;
    if (key === "Home") this.recentre();
    else this.#turn(next);
    this.#letGo();
    return true;
  }

  recentre(): void {
    this.#centre.reset();
    this.#steadier = new Steadier();
    this.#turn(LOOKING_AHEAD);
  }

  setSlowReturn(wanted: boolean): void {
    this.slowReturn = wanted;
    this.#letGo();
  }

  /** Follow the device from now on; call it within a gesture. */
  async follow(): Promise<void> {
    const events = (globalThis as { DeviceOrientationEvent?: Asking }).DeviceOrientationEvent;
    if (!events) {
      this.motion = "absent";
      return;
    }
    const answer = await (events.requestPermission?.() ?? Promise.resolve("granted" as const)).catch(() => "denied" as const);
    if (answer !== "granted") {
      this.motion = "refused";
      return;
    }
    this.motion = "on";
    this.#listen();
  }

  unfollow(): void {
    this.#listening?.abort();
    this.#listening = null;
    if (this.motion === "on") this.motion = "off";
    this.recentre();
  }

  #listen(): void {
    this.#listening?.abort();
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.#centre.reset();
    this.#steadier = new Steadier();
    let last = 0;
    const silence = setTimeout(() => {
      if (last > 0 || signal.aborted) return;
      this.unfollow();
      this.motion = "absent";
    }, SILENT_MS);
    signal.addEventListener("abort", () => clearTimeout(silence));
    addEventListener(
      "deviceorientation",
      (event) => {
        const angle = (screen.orientation as ScreenOrientation | undefined)?.angle ?? 0;
        const pose = poseOfDevice(event, angle);
        if (pose === null) return;
        const seen = this.#steadier.next(this.#centre.seen(pose), event.timeStamp);
        if (this.slowReturn && last > 0) this.#centre.follow(seen, (event.timeStamp - last) / 1000);
        last = event.timeStamp;
        this.#look(seen);
        this.angles = anglesOf(seen);
      },
      { signal },
    );
    // The screen's own turn is not one of the head.
    (screen.orientation as ScreenOrientation | undefined)?.addEventListener("change", () => this.#centre.reset(), { signal });
  }

  #turn(angles: HeadAngles): void {
    this.#look(poseOf(angles));
    this.angles = angles;
  }

  #letGo(): void {
    cancelAnimationFrame(this.#frame);
    if (!this.slowReturn || this.#held || this.motion === "on") return;
    let before = performance.now();
    const step = (now: number): void => {
      if (this.#held || !this.slowReturn || this.motion === "on" || this.angles === LOOKING_AHEAD) return;
      this.#turn(returning(this.angles, Math.max(0, now - before) / 1000));
      before = now;
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }
}
