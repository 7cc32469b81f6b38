/**
 * Where a head looks. Pure.
 *
 * Axes as in ADM: x to the right, y to the front, z up. A pose is the unit quaternion that turns the axes
 * of the head into those of the room; a turn (3 x 3, row by row) goes the other way, from the room to the head.
 */

/** `[w, x, y, z]`. */
export type Quaternion = readonly [w: number, x: number, y: number, z: number];

/** Degrees: `yaw` to the left, `pitch` up, `roll` with the right ear down; in this order, about the head's own axes. */
export interface HeadAngles {
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
}

export const AHEAD: Quaternion = [1, 0, 0, 0];

const DEGREE = Math.PI / 180;

export function product(a: Quaternion, b: Quaternion): Quaternion {
  const [aw, ax, ay, az] = a;
  const [bw, bx, by, bz] = b;
  return [
    aw * bw - ax * bx - ay * by - az * bz,
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
  ];
}

export function inverse([w, x, y, z]: Quaternion): Quaternion {
  return [w, -x, -y, -z];
}

/** The unit quaternion of this direction; straight ahead for what has none. */
export function unit(q: Quaternion): Quaternion {
  const size = Math.hypot(...q);
  if (!Number.isFinite(size) || size < 1e-9) return AHEAD;
  return [q[0] / size, q[1] / size, q[2] / size, q[3] / size];
}

/** A turn by so many degrees, anticlockwise about an axis that points at the viewer. */
export function about(axis: "x" | "y" | "z", degrees: number): Quaternion {
  const half = (degrees * DEGREE) / 2;
  const [c, s] = [Math.cos(half), Math.sin(half)];
  return [c, axis === "x" ? s : 0, axis === "y" ? s : 0, axis === "z" ? s : 0];
}

export function poseOf({ yaw, pitch, roll }: HeadAngles): Quaternion {
  return product(product(about("z", yaw), about("x", pitch)), about("y", roll));
}

export function anglesOf(pose: Quaternion): HeadAngles {
  const m = turnOf(pose);
  const at = (row: number, column: number): number => m[row * 3 + column] ?? 0;
  // The turn's rows are the head's axes in the room: right, front, up.
  const pitch = Math.asin(Math.min(1, Math.max(-1, at(1, 2))));
  return {
    yaw: Math.atan2(-at(1, 0), at(1, 1)) / DEGREE,
    pitch: pitch / DEGREE,
    roll: Math.atan2(-at(0, 2), at(2, 2)) / DEGREE,
  };
}

/** The rotation (3 x 3, row by row) from the room's axes to the head's. */
export function turnOf(pose: Quaternion): Float64Array {
  const [w, x, y, z] = unit(pose);
  return Float64Array.of(
    1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y),
    2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x),
    2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y),
  );
}

/** The angle between two poses, in degrees. */
export function apart(a: Quaternion, b: Quaternion): number {
  const [w, x, y, z] = product(inverse(a), b);
  return (2 * Math.atan2(Math.hypot(x, y, z), Math.abs(w))) / DEGREE;
}

/** From `a` a share of the way to `b`, the shorter way round. */
export function between(a: Quaternion, b: Quaternion, share: number): Quaternion {
  const dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  const sign = dot < 0 ? -1 : 1;
  const angle = Math.acos(Math.min(1, Math.abs(dot)));
  const [from, to] =
    angle < 1e-4 ? [1 - share, share] : [Math.sin((1 - share) * angle) / Math.sin(angle), Math.sin(share * angle) / Math.sin(angle)];
  return unit([0, 1, 2, 3].map((i) => from * (a[i] ?? 0) + sign * to * (b[i] ?? 0)) as unknown as Quaternion);
}
