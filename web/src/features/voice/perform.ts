/** Does in the player what a turn comes to. */

import type { VoiceAction, VoiceTurn } from "../../api/voice";
import type { Quality } from "../../engine";
import type { App } from "../../lib/context";
import { pathOf } from "../../lib/routes";
import type { PlayingFrom } from "../player/player.svelte";

export type Hands = Pick<App, "collection" | "player" | "preferences" | "router"> & {
  showLyrics: () => void;
  sleepAfter: (seconds: number | null) => void;
};

const PATHS = { album: "albums", artist: "artists", playlist: "playlists" } as const;
const QUALITIES: Readonly<Record<string, Quality>> = { lossless: "lossless", high: "high", low: "low", automatic: "auto" };

/** Where the music of an action comes from, to lead back there. */
export function fromOf({ item }: VoiceAction): PlayingFrom {
  const label = item?.name ?? "What you asked for";
  const kind = item && item.kind in PATHS ? PATHS[item.kind as keyof typeof PATHS] : null;
  return { label, path: kind && item?.id ? pathOf(kind, item.id) : "/" };
}

/** Do it; what is only to be said does nothing. */
export function perform(turn: VoiceTurn, hands: Hands): void {
  const { action } = turn;
  if (turn.outcome === "act" && action) ACTIONS[action.intent]?.(action, hands);
}

const ACTIONS: Readonly<Record<string, (action: VoiceAction, hands: Hands) => void>> = {
  play: (action, { player }) => {
    if (action.songs) player.play(action.songs, 0, fromOf(action));
    else player.dispatch({ type: "play" });
  },
  "queue-next": ({ songs }, { player }) => player.playNext(songs ?? []),
  "queue-last": ({ songs }, { player }) => player.enqueue(songs ?? []),
  pause: (_action, { player }) => player.dispatch({ type: "pause" }),
  resume: (_action, { player }) => player.dispatch({ type: "play" }),
  skip: ({ count = 1 }, { player }) => {
    for (let n = 0; n < count; n += 1) player.dispatch({ type: "next" });
  },
  previous: (_action, { player }) => player.dispatch({ type: "previous" }),
  "shuffle-on": (_action, { player }) => player.dispatch({ type: "set-shuffle", shuffle: true }),
  "shuffle-off": (_action, { player }) => player.dispatch({ type: "set-shuffle", shuffle: false }),
  "repeat-one": (_action, { player }) => player.dispatch({ type: "set-repeat", repeat: "one" }),
  "repeat-all": (_action, { player }) => player.dispatch({ type: "set-repeat", repeat: "all" }),
  "repeat-off": (_action, { player }) => player.dispatch({ type: "set-repeat", repeat: "off" }),
  volume: ({ percent = 0, relative = false }, { player }) => {
    player.setVolume(percent / 100 + (relative ? player.snapshot.volume : 0));
  },
  seek: ({ seconds = 0, relative = false }, { player }) => {
    const to = seconds * 1000 + (relative ? player.positionNow() : 0);
    player.seek(Math.min(Math.max(to, 0), player.snapshot.durationMs));
  },
  like: (_action, { collection }) => void collection.load(),
  dislike: (_action, { collection, player }) => {
    void collection.load();
    player.dispatch({ type: "next" });
  },
  "add-to-playlist": (_action, { collection }) => void collection.load(),
  lyrics: (_action, { showLyrics }) => showLyrics(),
  "sleep-timer": ({ seconds }, { sleepAfter }) => sleepAfter(seconds ?? null),
  quality: ({ quality = "" }, { preferences }) => {
    const chosen = QUALITIES[quality];
    if (chosen) preferences.adopt({ quality: chosen });
  },
  "spatial-on": (_action, { preferences }) => preferences.adopt({ spatial: "always" }),
  "spatial-off": (_action, { preferences }) => preferences.adopt({ spatial: "off" }),
};
