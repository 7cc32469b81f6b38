/** The window's title. Pure. */

import type { Song } from "../../api/types";
import type { Route } from "../../lib/routes";

const NAMES: Record<Route["view"], string> = {
  home: "Home",
  search: "Search",
  charts: "Charts",
  library: "Library",
  album: "Album",
  artist: "Artist",
  genre: "Genre",
  playlist: "Playlist",
  playlists: "Playlists",
  history: "History",
  settings: "Settings",
  "sign-ins": "Devices and sign-ins",
  rights: "Rights",
  delivery: "Delivery",
  "song-rights": "Rights of a song",
  statement: "Statement",
  household: "Household",
  invitation: "Invitation",
  missing: "Not found",
};

/** What plays, otherwise where the listener is. */
export function titleOf(route: Route, playing: Song | null): string {
  if (playing) return `${playing.attributes.name} · ${playing.attributes.artistName}`;
  return `${NAMES[route.view]} · Antiphon`;
}
