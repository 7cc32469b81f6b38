/**
 * Where everything lies on the media timeline. Pure.
 *
 * All songs of a queue lie one behind the other on the timeline of one source buffer. A song's place is
 * counted in seconds, but only ever from whole samples over their rate, so that nothing drifts. The
 * reference is the song's lossless sample count (`durationInSamples`); a rung whose cue was moved to a
 * frame of the album-wide encoder says so in `cueShift`, and lies that much later.
 *
 * The rule that makes every seam and every switch exact: whatever was appended last ended at a known
 * point, the *cursor*; whatever comes next is appended with the append window opening at the cursor, from
 * segments that begin at or before it. The buffer cuts inside frames and, for codecs whose frames lean
 * on the one before, warms the decoder with what it cut away.
 */

import type { Grant, Variant } from "./types";

/** A song at its place. */
export interface Place {
  readonly grant: Grant;
  /** Seconds on the timeline at which the song's first (lossless) sample sounds. */
  readonly start: number;
}

export function samePlace(a: Place, b: Place): boolean {
  return a.start === b.start && a.grant === b.grant;
}

/** Which segment of which song. */
export interface Piece {
  readonly place: Place;
  readonly variant: Variant;
  readonly segment: number;
}

/** What to append so that the buffer goes on exactly where it ends. */
export interface AppendPlan {
  readonly pieces: readonly Piece[];
  readonly windowStart: number;
  /** The window's end: Infinity when the data ends by itself. */
  readonly windowEnd: number;
  /** The cursor when all is appended. */
  readonly endsAt: number;
  /** Whether the song is complete then. */
  readonly completes: boolean;
}

/** How much a decoder of overlapping frames must have heard: two AAC frames. */
export const PREROLL_SAMPLES = 2048;

/** The rungs of a song may lie this far apart: half an AAC frame, at 16 kHz or more, and a little. */
export const LARGEST_CUE_SHIFT_SECONDS = 0.04;

/** Nothing shorter than this many samples is worth a segment: rounding, not music. */
const HALF_SAMPLE = 0.5;

export function durationOf(grant: Grant): number {
  return grant.durationInSamples / grant.sampleRate;
}

/** Where the song ends by its lossless sample count. */
export function endOf(place: Place): number {
  return place.start + durationOf(place.grant);
}

/** `timestampOffset` for a rung of a song. */
export function offsetOf(place: Place, variant: Variant): number {
  return place.start + variant.cueShift / variant.sampleRate;
}

/** Where a rung's own samples end; differs from `endOf` by the next song's cue shift. */
export function naturalEnd(place: Place, variant: Variant): number {
  return place.start + (variant.cueShift + variant.samples) / variant.sampleRate;
}

const starts = new WeakMap<Variant, readonly number[]>();

/** The first presented sample of each segment, and the number of all at the end. */
export function boundaries(variant: Variant): readonly number[] {
  const known = starts.get(variant);
  if (known) return known;
  const counted = [0];
  for (const [samples] of variant.segments) counted.push((counted.at(-1) ?? 0) + samples);
  starts.set(variant, counted);
  return counted;
}

/** The timeline position at which segment `index` begins to sound. */
export function segmentStart(place: Place, variant: Variant, index: number): number {
  const sample = boundaries(variant)[index] ?? variant.samples;
  return place.start + (variant.cueShift + sample) / variant.sampleRate;
}

/** The segment that sounds at `sample` (clamped into the song). */
export function segmentOf(variant: Variant, sample: number): number {
  const bounds = boundaries(variant);
  let low = 0;
  let high = variant.segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((bounds[middle] ?? 0) <= sample + HALF_SAMPLE) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The same rung of another song. */
export function sameRung(grant: Grant, variant: Variant): Variant | null {
  return (
    [...grant.variants, ...(grant.spatial?.renditions ?? [])].find(
      (other) =>
        other.rung === variant.rung &&
        other.sampleRate === variant.sampleRate &&
        other.channels === variant.channels,
    ) ?? null
  );
}

/**
 * Whether `after`, placed at the end of `before`, carries on the very stream of this rung: true for
 * neighbours of one album-wide encoding. Then the seam lies where the frames meet, not at the cue.
 */
export function carriesOn(before: Place, variant: Variant, after: Grant): boolean {
  const next = sameRung(after, variant);
  if (!next) return false;
  const overhang = naturalEnd(before, variant) - endOf(before);
  return Math.abs(overhang * variant.sampleRate - next.cueShift) < HALF_SAMPLE;
}

export interface PlanInput {
  readonly place: Place;
  readonly variant: Variant;
  /** Where the buffer ends now. */
  readonly cursor: number;
  /** The segment appended last, when the decoder would carry on from it without a break. */
  readonly last: Piece | null;
  /** The song before, if its music leads into this one. */
  readonly previous: Place | null;
  /** The song after, if this one's music leads into it. */
  readonly next: Grant | null;
  /** False saves the preroll where bytes are short: the switch may then be heard. */
  readonly exact: boolean;
}

/** What to append next for one song in one rung. */
export function planAppend(input: PlanInput): AppendPlan {
  const { place, variant, cursor } = input;
  const sample = Math.round((cursor - offsetOf(place, variant)) * variant.sampleRate);
  const segment = mainSegment(variant, sample);
  const completes = segment === variant.segments.length - 1;
  const endsAt = completes ? lastSample(input) : segmentStart(place, variant, segment + 1);
  return {
    pieces: [...lead(input, segment, sample), { place, variant, segment }],
    windowStart: cursor,
    windowEnd: completes ? endsAt : Number.POSITIVE_INFINITY,
    endsAt,
    completes,
  };
}

/** The segment that goes on from here; what little is left of the one before only leads up to it. */
function mainSegment(variant: Variant, sample: number): number {
  const segment = segmentOf(variant, sample);
  const left = (boundaries(variant)[segment + 1] ?? 0) - sample;
  const isLast = segment === variant.segments.length - 1;
  return !isLast && left < LARGEST_CUE_SHIFT_SECONDS * variant.sampleRate ? segment + 1 : segment;
}

/** What the decoder must have heard before, or what fills the space before this rung's first sample. */
function lead(input: PlanInput, segment: number, sample: number): readonly Piece[] {
  const { place, variant, last, previous, exact } = input;
  const follows =
    last !== null && samePlace(last.place, place) && last.variant === variant && last.segment === segment - 1;
  if (follows) return [];
  const into = sample - (boundaries(variant)[segment] ?? 0);
  if (segment > 0 && into < 0) return [{ place, variant, segment: segment - 1 }];
  if (segment > 0) {
    const cold = !variant.lossless && into < PREROLL_SAMPLES;
    return cold && exact ? [{ place, variant, segment: segment - 1 }] : [];
  }
  if (sample >= 0 || !previous) return [];
  // The buffer ends before this rung begins: the end of the song before is the music in between.
  const before = sameRung(previous.grant, variant);
  if (!before || !carriesOn(previous, before, place.grant)) return [];
  return [{ place: previous, variant: before, segment: before.segments.length - 1 }];
}

/** Where a song's last segment ends: at its frames' end when the next song carries on, else at the cue. */
function lastSample({ place, variant, next }: PlanInput): number {
  const natural = naturalEnd(place, variant);
  if (variant.lossless || (next && carriesOn(place, variant, next))) return natural;
  return Math.min(natural, endOf(place));
}
