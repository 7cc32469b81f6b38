/** A stand-in for a tracked head: it is turned by dragging and by keys. Pure. */

import type { HeadAngles } from "./pose";

const DEGREES_PER_PIXEL = 0.6;
const KEY_DEGREES = 10;
const FINE_DEGREES = 2;
const HIGHEST = 75;
/** With slow return, what is let go is ahead again after a few of these. */
const RETURN_SECONDS = 1.6;
const AT_REST = 0.05;

export const LOOKING_AHEAD: HeadAngles = { yaw: 0, pitch: 0, roll: 0 };

function limited({ yaw, pitch, roll }: HeadAngles): HeadAngles {
  return { yaw: ((((yaw + 180) % 360) + 360) % 360) - 180, pitch: Math.min(HIGHEST, Math.max(-HIGHEST, pitch)), roll };
}

/** Pull the nose along: to the right turns to the right, up looks up. */
export function dragged(head: HeadAngles, pixelsRight: number, pixelsDown: number): HeadAngles {
  return limited({ ...head, yaw: head.yaw - pixelsRight * DEGREES_PER_PIXEL, pitch: head.pitch - pixelsDown * DEGREES_PER_PIXEL });
}

/** The head after a key, or null when the key is not for it. */
export function pressed(head: HeadAngles, key: string, fine: boolean): HeadAngles | null {
  const step = fine ? FINE_DEGREES : KEY_DEGREES;
  switch (key) {
    case "ArrowLeft": return limited({ ...head, yaw: head.yaw + step });
    case "ArrowRight": return limited({ ...head, yaw: head.yaw - step });
    case "ArrowUp": return limited({ ...head, pitch: head.pitch + step });
    case "ArrowDown": return limited({ ...head, pitch: head.pitch - step });
    case "Home": return LOOKING_AHEAD;
    default: return null;
  }
}

/** The head some time after it was let go, with slow return. */
export function returning(head: HeadAngles, seconds: number): HeadAngles {
  const keep = Math.exp(-seconds / RETURN_SECONDS);
  const next = { yaw: head.yaw * keep, pitch: head.pitch * keep, roll: head.roll * keep };
  return Math.abs(next.yaw) + Math.abs(next.pitch) + Math.abs(next.roll) < AT_REST ? LOOKING_AHEAD : next;
}

/** Where the head looks, in words: for who cannot see it. */
export function inWords({ yaw, pitch }: HeadAngles): string {
  const [side, height] = [Math.round(Math.abs(yaw)), Math.round(Math.abs(pitch))];
  const words = [
    side === 0 ? "" : `${String(side)}° ${yaw > 0 ? "left" : "right"}`,
    height === 0 ? "" : `${String(height)}° ${pitch > 0 ? "up" : "down"}`,
  ].filter((word) => word !== "");
  return words.length === 0 ? "straight ahead" : words.join(", ");
}
