/** The pointed arch of the mark, as a path. */

/** How far each arc's centre lies across: the radius over half the span. */
const POINTEDNESS = 1.5;

/**
 * An open lancet around `x`: legs down to `foot`, arcs springing at `spring`, `half` the span on either side.
 * The arcs leave the legs without a kink. A `foot` above `spring` hangs the arch upside down.
 */
export function lancet(x: number, spring: number, half: number, foot: number): string {
  const radius = half * POINTEDNESS;
  const up = foot >= spring ? -1 : 1;
  const rise = up * Math.sqrt(2 * radius * half - half * half);
  const arc = `a${radius} ${radius} 0 0 ${up < 0 ? 1 : 0}`;
  return `M${x - half} ${foot}V${spring}${arc} ${half} ${rise}${arc} ${half} ${-rise}V${foot}`;
}
