/**
 * Turning a third-order sound field: sixteen components in ACN order, SN3D. Pure.
 *
 * A rotation mixes only components of one degree, so its matrix is a 1 and blocks of 3 x 3, 5 x 5 and 7 x 7. Each
 * block follows from what the harmonics of its degree are at a few points before and after the turn.
 */

export const COMPONENTS = 16;
/** Numbers in a field's rotation: the three blocks, row by row, one after the other. */
export const ROTATION_SIZE = 9 + 25 + 49;

const SQRT3 = Math.sqrt(3);
const SQRT15 = Math.sqrt(15);
const SQRT5_8 = Math.sqrt(5 / 8);
const SQRT3_8 = Math.sqrt(3 / 8);

/** The sixteen gains of a unit vector: right, front, up. */
export function encode(right: number, front: number, up: number, gains: Float64Array, at = 0): void {
  const [x, y, z] = [front, -right, up];
  gains[at] = 1;
  gains[at + 1] = y;
  gains[at + 2] = z;
  gains[at + 3] = x;
  gains[at + 4] = SQRT3 * x * y;
  gains[at + 5] = SQRT3 * y * z;
  gains[at + 6] = (3 * z * z - 1) / 2;
  gains[at + 7] = SQRT3 * x * z;
  gains[at + 8] = (SQRT3 / 2) * (x * x - y * y);
  gains[at + 9] = SQRT5_8 * y * (3 * x * x - y * y);
  gains[at + 10] = SQRT15 * x * y * z;
  gains[at + 11] = SQRT3_8 * y * (5 * z * z - 1);
  gains[at + 12] = (z * (5 * z * z - 3)) / 2;
  gains[at + 13] = SQRT3_8 * x * (5 * z * z - 1);
  gains[at + 14] = (SQRT15 / 2) * z * (x * x - y * y);
  gains[at + 15] = SQRT5_8 * x * (x * x - 3 * y * y);
}

interface Degree {
  /** Of its first component. */
  readonly first: number;
  readonly size: number;
  /** Of its block within a rotation. */
  readonly offset: number;
}

export const DEGREES: readonly Degree[] = [
  { first: 1, size: 3, offset: 0 },
  { first: 4, size: 5, offset: 9 },
  { first: 9, size: 7, offset: 34 },
];

/** Computes rotations; all memory is taken beforehand, so that it may run where nothing may be collected. */
export class FieldRotation {
  readonly #points = DEGREES.map(({ size }) => spiral(size));
  readonly #inverses = DEGREES.map((degree, d) => inverted(harmonicsAt(this.#points[d] as Float64Array, degree), degree.size));
  readonly #turned = new Float64Array(COMPONENTS);
  readonly #after = new Float64Array(49);

  /** Write the rotation of a field by a turn (3 x 3, row by row) of its points. */
  write(turn: Float64Array, rotation: Float64Array): void {
    for (let d = 0; d < DEGREES.length; d++) {
      const degree = DEGREES[d] as Degree;
      this.#turnPoints(turn, this.#points[d] as Float64Array, degree);
      this.#solve(this.#inverses[d] as Float64Array, degree, rotation);
    }
  }

  #turnPoints(t: Float64Array, points: Float64Array, { first, size }: Degree): void {
    const p = points;
    const turned = this.#turned;
    for (let i = 0; i < size; i++) {
      const [x, y, z] = [p[3 * i] as number, p[3 * i + 1] as number, p[3 * i + 2] as number];
      encode(
        (t[0] as number) * x + (t[1] as number) * y + (t[2] as number) * z,
        (t[3] as number) * x + (t[4] as number) * y + (t[5] as number) * z,
        (t[6] as number) * x + (t[7] as number) * y + (t[8] as number) * z,
        turned,
      );
      for (let c = 0; c < size; c++) this.#after[i * size + c] = turned[first + c] as number;
    }
  }

  /** The block that takes each point's harmonics before to those after. */
  #solve(inverse: Float64Array, { size, offset }: Degree, rotation: Float64Array): void {
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let sum = 0;
        for (let i = 0; i < size; i++) sum += (inverse[column * size + i] as number) * (this.#after[i * size + row] as number);
        rotation[offset + row * size + column] = sum;
      }
    }
  }
}

/** The rotation that changes nothing. */
export function unturned(): Float64Array {
  const rotation = new Float64Array(ROTATION_SIZE);
  for (const { size, offset } of DEGREES) for (let i = 0; i < size; i++) rotation[offset + i * (size + 1)] = 1;
  return rotation;
}

/** Points on the upper half of a golden spiral, which tell so many harmonics apart well: right, front, up of each. */
function spiral(count: number): Float64Array {
  const points = new Float64Array(3 * count);
  for (let i = 0; i < count; i++) {
    const height = 1 - (2 * (i + 0.5)) / (2 * count + 1);
    const around = Math.PI * (3 - Math.sqrt(5)) * (i + 0.5);
    const flat = Math.sqrt(1 - height * height);
    points.set([flat * Math.cos(around), flat * Math.sin(around), height], 3 * i);
  }
  return points;
}

/** One degree's harmonics (points x components). */
function harmonicsAt(points: Float64Array, { first, size }: Degree): Float64Array {
  const all = new Float64Array(COMPONENTS);
  const made = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    encode(points[3 * i] as number, points[3 * i + 1] as number, points[3 * i + 2] as number, all);
    made.set(all.subarray(first, first + size), i * size);
  }
  return made;
}

/** The inverse of a small square matrix, by elimination with pivots. */
function inverted(matrix: Float64Array, size: number): Float64Array {
  const rows = Array.from({ length: size }, (_, i) => [
    ...matrix.subarray(i * size, (i + 1) * size),
    ...Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)),
  ]);
  for (let step = 0; step < size; step++) {
    const rest = rows.slice(step).sort((a, b) => Math.abs(b[step] as number) - Math.abs(a[step] as number));
    rows.splice(step, rest.length, ...rest);
    const pivot = rows[step] as number[];
    const scale = pivot[step] as number;
    for (let k = 0; k < pivot.length; k++) pivot[k] = (pivot[k] as number) / scale;
    for (const row of rows) {
      const factor = row === pivot ? 0 : (row[step] as number);
      for (let k = 0; k < row.length; k++) row[k] = (row[k] as number) - factor * (pivot[k] as number);
    }
  }
  return Float64Array.from(rows.flatMap((row) => row.slice(size)));
}
