/** Where the objects of a scene are at a moment, and how that is drawn. Pure. */

import type { SceneObject, SongScene } from "../../api/spatial";

export interface Place {
  /** To the right, to the front, up; within the unit ball. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** The place of an object: between two points of its track in a straight line, at its ends as they are. */
export function placeAt({ track }: SceneObject, ms: number): Place | null {
  let low = 0;
  let high = track.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((track[middle]?.[0] ?? 0) <= ms) low = middle;
    else high = middle - 1;
  }
  const before = track[low];
  if (!before) return null;
  const after = track[low + 1];
  if (!after || ms <= before[0]) return within(before[1], before[2], before[3]);
  const share = (ms - before[0]) / Math.max(after[0] - before[0], 1e-9);
  const mix = (i: 1 | 2 | 3): number => before[i] + share * (after[i] - before[i]);
  return within(mix(1), mix(2), mix(3));
}

function within(x: number, y: number, z: number): Place {
  const size = Math.max(1, Math.hypot(x, y, z));
  return { x: x / size, y: y / size, z: z / size };
}

export interface Drawn {
  readonly key: number;
  readonly name: string;
  /** On a plan seen from above: right, and towards the back. */
  readonly left: number;
  readonly top: number;
  readonly radius: number;
  readonly below: boolean;
  /** The way it came, as points of a line. */
  readonly trail: string;
  readonly showsName: boolean;
}

const RADIUS = 100;
const TRAIL_MS = 1400;
const TRAIL_POINTS = 9;
/** With more objects than this, their names would be a crowd. */
const NAMED = 9;

/** All objects at a moment, lowest first, so that higher ones lie over them. */
export function drawn(scene: SongScene, ms: number, trails: boolean): Drawn[] {
  const found: (Drawn & { readonly z: number })[] = [];
  for (const [key, object] of scene.objects.entries()) {
    const place = placeAt(object, ms);
    if (place === null) continue;
    found.push({
      key,
      name: object.name,
      left: place.x * RADIUS,
      top: -place.y * RADIUS,
      // The higher, the nearer to who looks from above.
      radius: 5 + 2.2 * place.z,
      below: place.z < -0.05,
      trail: trails ? trailOf(object, ms) : "",
      showsName: scene.objects.length <= NAMED,
      z: place.z,
    });
  }
  return found.sort((a, b) => a.z - b.z);
}

function trailOf(object: SceneObject, ms: number): string {
  if (object.track.length < 2) return "";
  const points: string[] = [];
  for (let n = 0; n < TRAIL_POINTS; n++) {
    const place = placeAt(object, Math.max(0, ms - (TRAIL_MS * n) / (TRAIL_POINTS - 1)));
    if (place) points.push(`${(place.x * RADIUS).toFixed(1)},${(-place.y * RADIUS).toFixed(1)}`);
  }
  return new Set(points).size > 1 ? points.join(" ") : "";
}
