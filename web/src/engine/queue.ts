/** What plays in which order. Pure: every change gives a new queue; chance comes in as an argument. */

import type { Playable, QueueEntry, Repeat } from "./types";

export interface QueueState {
  /** In the order in which it will play. */
  readonly entries: readonly QueueEntry[];
  /** Of the current entry; -1 when empty. */
  readonly index: number;
  /** The keys in the order before shuffling; null while not shuffled. */
  readonly unshuffled: readonly string[] | null;
  readonly repeat: Repeat;
  /** For keys that are never used twice. */
  readonly nextKey: number;
}

/** Draws from [0, 1). */
export type Random = () => number;

export const EMPTY: QueueState = {
  entries: [],
  index: -1,
  unshuffled: null,
  repeat: "off",
  nextKey: 1,
};

export function current(state: QueueState): QueueEntry | null {
  return state.entries[state.index] ?? null;
}

/** Start over with these items; when shuffled, the one at `startIndex` still comes first. */
export function replace(
  state: QueueState,
  items: readonly Playable[],
  startIndex: number,
  shuffled: boolean,
  random: Random,
): QueueState {
  const entries = withKeys(items, state.nextKey);
  const index = entries.length === 0 ? -1 : Math.min(Math.max(0, startIndex), entries.length - 1);
  const plain: QueueState = {
    ...state,
    entries,
    index,
    unshuffled: null,
    nextKey: state.nextKey + items.length,
  };
  return shuffled ? shuffle(plain, random) : plain;
}

/** Put items right after the current entry, or at the end. */
export function insert(state: QueueState, items: readonly Playable[], where: "next" | "end"): QueueState {
  const added = withKeys(items, state.nextKey);
  const at = where === "next" ? state.index + 1 : state.entries.length;
  const entries = [...state.entries.slice(0, at), ...added, ...state.entries.slice(at)];
  return {
    ...state,
    entries,
    index: state.index === -1 && entries.length > 0 ? 0 : state.index,
    unshuffled: state.unshuffled && insertedKeys(state, added, where),
    nextKey: state.nextKey + items.length,
  };
}

/** Take one entry out. When it was the current one, the next takes its place (the last one's place is taken by none). */
export function remove(state: QueueState, key: string): QueueState {
  const at = indexOf(state, key);
  if (at === -1) return state;
  const entries = state.entries.filter((entry) => entry.key !== key);
  const index = at < state.index ? state.index - 1 : Math.min(state.index, entries.length - 1);
  const unshuffled = state.unshuffled && state.unshuffled.filter((known) => known !== key);
  return { ...state, entries, index, unshuffled };
}

export function move(state: QueueState, key: string, toIndex: number): QueueState {
  const from = indexOf(state, key);
  const entry = state.entries[from];
  if (!entry) return state;
  const entries = state.entries.filter((other) => other.key !== key);
  entries.splice(Math.min(Math.max(0, toIndex), entries.length), 0, entry);
  const playing = current(state)?.key;
  return { ...state, entries, index: entries.findIndex((other) => other.key === playing) };
}

export function clearUpcoming(state: QueueState): QueueState {
  const entries = state.entries.slice(0, state.index + 1);
  const kept = new Set(entries.map((entry) => entry.key));
  const unshuffled = state.unshuffled && state.unshuffled.filter((key) => kept.has(key));
  return { ...state, entries, unshuffled };
}

/** The current entry first, then the others by chance (Fisher and Yates). */
export function shuffle(state: QueueState, random: Random): QueueState {
  if (state.unshuffled) return state;
  const unshuffled = state.entries.map((entry) => entry.key);
  const playing = current(state);
  const rest = state.entries.filter((entry) => entry !== playing);
  for (let i = rest.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [rest[i], rest[j]] = [rest[j] as QueueEntry, rest[i] as QueueEntry];
  }
  return { ...state, entries: playing ? [playing, ...rest] : rest, index: playing ? 0 : -1, unshuffled };
}

export function unshuffle(state: QueueState): QueueState {
  if (!state.unshuffled) return state;
  const byKey = new Map(state.entries.map((entry) => [entry.key, entry]));
  const entries = state.unshuffled.flatMap((key) => byKey.get(key) ?? []);
  const playing = current(state)?.key;
  return {
    ...state,
    entries,
    index: entries.findIndex((entry) => entry.key === playing),
    unshuffled: null,
  };
}

export function jump(state: QueueState, key: string): QueueState {
  const index = indexOf(state, key);
  return index === -1 ? state : { ...state, index };
}

/** What plays by itself after the entry with this key; null at the end. */
export function following(state: QueueState, key: string): QueueEntry | null {
  const at = indexOf(state, key);
  if (at === -1) return current(state);
  if (state.repeat === "one") return state.entries[at] ?? null;
  return state.entries[at + 1] ?? (state.repeat === "all" ? (state.entries[0] ?? null) : null);
}

/** Where "next" leads: unlike `following` it leaves a song that repeats. */
export function nextKey(state: QueueState): string | null {
  const after = state.entries[state.index + 1];
  if (after) return after.key;
  return state.repeat === "off" ? null : (state.entries[0]?.key ?? null);
}

export function previousKey(state: QueueState): string | null {
  const before = state.entries[state.index - 1];
  if (before) return before.key;
  return state.repeat === "all" ? (state.entries.at(-1)?.key ?? null) : null;
}

/** Whether `after` directly follows `before` on one album, so that their seam belongs to the music. */
export function isAlbumNeighbour(before: Playable, after: Playable): boolean {
  if (!before.albumId || before.albumId !== after.albumId) return false;
  if (before.trackNumber === undefined || after.trackNumber === undefined) return false;
  const [disc, nextDisc] = [before.discNumber ?? 1, after.discNumber ?? 1];
  return disc === nextDisc
    ? after.trackNumber === before.trackNumber + 1
    : nextDisc === disc + 1 && after.trackNumber === 1;
}

function indexOf(state: QueueState, key: string): number {
  return state.entries.findIndex((entry) => entry.key === key);
}

function withKeys(items: readonly Playable[], first: number): QueueEntry[] {
  return items.map((item, i) => ({ ...item, key: `q${String(first + i)}` }));
}

function insertedKeys(
  state: QueueState,
  added: readonly QueueEntry[],
  where: "next" | "end",
): readonly string[] {
  const known = state.unshuffled ?? [];
  const keys = added.map((entry) => entry.key);
  const after = where === "next" ? known.indexOf(current(state)?.key ?? "") + 1 : known.length;
  return [...known.slice(0, after), ...keys, ...known.slice(after)];
}
