/** How loud to play. Pure. */

import type { Loudness, Normalisation } from "./types";

/**
 * AES TD1008 (2021) recommends -16 LUFS for music on demand. It is also the level that most masters
 * can reach without a limiter: at -14 LUFS dynamic music (-23 LUFS with peaks at -1 dBTP and thereabouts)
 * would be held down by its peaks and sound softer than everything else, which is what
 * normalisation is there to prevent.
 */
export const TARGET_LUFS = -16;

/** Headroom for what a lossy codec and a resampler add to the true peak (EBU R128 s2, AES TD1008: -1 dBTP). */
export const PEAK_CEILING_DBTP = -1;

/** Below this there is silence or noise, and more gain would help nobody. */
export const MAX_GAIN_DB = 12;

/** The gain in dB that brings a song to the target without clipping; 0 when nothing is known. */
export function gainDb(loudness: Loudness | null, mode: Normalisation): number {
  if (mode === "off" || loudness === null) return 0;
  const album = mode === "album" ? loudness.albumIntegrated : null;
  const integrated = album ?? loudness.integrated;
  const truePeak = album == null ? loudness.truePeak : (loudness.albumTruePeak ?? loudness.truePeak);
  if (!Number.isFinite(integrated) || !Number.isFinite(truePeak)) return 0;
  const wanted = Math.min(TARGET_LUFS - integrated, MAX_GAIN_DB);
  // Turning down is always safe; turning up ends where the peaks meet the ceiling.
  return wanted <= 0 ? wanted : Math.max(0, Math.min(wanted, PEAK_CEILING_DBTP - truePeak));
}

export function decibelsToGain(db: number): number {
  return 10 ** (db / 20);
}

/** The gain of a volume control's position in [0, 1]: squared, so that the middle sounds like half. */
export function volumeToGain(volume: number, muted: boolean): number {
  return muted ? 0 : volume * volume;
}

/** Both halves of an equal-power crossfade, for `setValueCurveAtTime`. */
export function fadeCurve(direction: "in" | "out", points = 33): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: points }, (_, i) => {
    const angle = (i / (points - 1)) * (Math.PI / 2);
    return direction === "in" ? Math.sin(angle) : Math.cos(angle);
  });
}
