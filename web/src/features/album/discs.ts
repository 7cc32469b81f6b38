/** An album's songs as its discs. */

import type { Song } from "../../api/types";

export interface Disc {
  number: number;
  songs: { song: Song; at: number }[];
}

/** Songs by disc, in playing order; `at` is the place in the whole album. */
export function discsOf(songs: readonly Song[]): Disc[] {
  const discs: Disc[] = [];
  songs.forEach((song, at) => {
    const number = song.attributes.discNumber || 1;
    const last = discs.at(-1);
    if (last?.number === number) last.songs.push({ song, at });
    else discs.push({ number, songs: [{ song, at }] });
  });
  return discs;
}

/** The best quality every listener can read: `Lossless`, `Hi-Res Lossless`, or nothing for mixed sources. */
export function albumQuality(songs: readonly Song[]): "Hi-Res Lossless" | "Lossless" | null {
  const traits = songs.map((song) => song.attributes.audioTraits ?? []);
  if (traits.length === 0) return null;
  if (traits.every((one) => one.includes("hi-res-lossless"))) return "Hi-Res Lossless";
  if (traits.every((one) => one.includes("lossless") || one.includes("hi-res-lossless"))) return "Lossless";
  return null;
}
