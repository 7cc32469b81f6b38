/** What can be done with songs, wherever they stand. */

import type { Song } from "../../api/types";
import type { App } from "../../lib/context";
import type { MenuEntry } from "../../lib/menus.svelte";
import { plural } from "../../lib/format";
import { pathOf } from "../../lib/routes";

type Actor = Pick<App, "collection" | "dialogs" | "player" | "router" | "toasts">;

/** The context menu of one song; `more` comes last. */
export function songMenu(app: Actor, song: Song, more: readonly MenuEntry[] = []): MenuEntry[] {
  const loved = app.collection.isFavourite("songs", song.id);
  const album = song.relationships?.["albums"]?.data[0];
  const artist = song.relationships?.["artists"]?.data[0];
  return [
    ...queueEntries(app, [song]),
    "line",
    { label: "Add to playlist…", icon: "playlist", run: () => app.dialogs.show({ kind: "add-to-playlist", songs: [song] }) },
    {
      label: loved ? "Remove from favourites" : "Add to favourites",
      icon: loved ? "heartFull" : "heart",
      run: () => void app.collection.toggleFavourite("songs", song.id, song.attributes.name),
    },
    "line",
    ...(album ? [go(app, "Go to album", "albums", album.id)] : []),
    ...(artist ? [go(app, "Go to artist", "artists", artist.id)] : []),
    { label: "Credits", icon: "info", run: () => app.dialogs.show({ kind: "credits", song }) },
    ...(more.length > 0 ? (["line", ...more] as const) : []),
  ];
}

/** Play next and add to queue, for any number of songs. */
export function queueEntries(app: Actor, songs: readonly Song[]): MenuEntry[] {
  return [
    {
      label: "Play next",
      icon: "playNext",
      run: () => {
        app.player.playNext(songs);
        app.toasts.show(`${named(songs)} plays next`);
      },
    },
    {
      label: "Add to queue",
      icon: "addToQueue",
      run: () => {
        app.player.enqueue(songs);
        app.toasts.show(`${named(songs)} added to the queue`);
      },
    },
  ];
}

function go(app: Actor, label: string, type: "albums" | "artists", id: string): MenuEntry {
  return { label, icon: type, run: () => app.router.go(pathOf(type, id)) };
}

/** A song's name, or how many there are. */
export function named(songs: readonly Song[]): string {
  const only = songs.length === 1 ? songs[0] : undefined;
  return only ? `“${only.attributes.name}”` : plural(songs.length, "song");
}
