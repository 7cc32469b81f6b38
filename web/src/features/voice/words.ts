/** How choices are called, shown and said back. Pure. */

import type { VoiceItem, VoiceTurn } from "../../api/voice";

const KINDS: Readonly<Record<VoiceItem["kind"], string>> = {
  song: "Song",
  album: "Album",
  artist: "Artist",
  playlist: "Playlist",
  genre: "Genre",
};
const PLACES = ["first", "second", "third"];

/** What stands below the name of a choice. */
export function detailOf({ kind, artist, version }: VoiceItem): string {
  return [KINDS[kind], artist, version].filter(Boolean).join(" · ");
}

/** What choosing says: its place, so that names alike are no matter. */
export function sayChoice(_item: VoiceItem, index: number): string {
  return `the ${PLACES[index] ?? "first"} one`;
}

/** A sentence in parts, those that were understood marked with what they name. */
export function marked({ heard, slots = [] }: VoiceTurn): { text: string; names: string | null }[] {
  const parts: { text: string; names: string | null }[] = [];
  let at = 0;
  for (const slot of [...slots].sort((one, other) => one.begin - other.begin)) {
    if (slot.begin < at || slot.end > heard.length || slot.name === "amount") continue;
    if (slot.begin > at) parts.push({ text: heard.slice(at, slot.begin), names: null });
    parts.push({ text: heard.slice(slot.begin, slot.end), names: slot.name });
    at = slot.end;
  }
  if (at < heard.length) parts.push({ text: heard.slice(at), names: null });
  return parts;
}

/** Things to say, for who does not know what can be said. */
export const EXAMPLES: readonly string[] = [
  "Play something relaxing",
  "Shuffle my favourites",
  "What is this song?",
  "Turn it up a bit",
  "Stop the music in 20 minutes",
  "Add this to my favourites",
];
