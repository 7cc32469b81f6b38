/** What can be done with a whole album. */

import type { ContinueEntry } from "../../api/library";
import type { Album, Song } from "../../api/types";
import type { App } from "../../lib/context";
import type { MenuEntry } from "../../lib/menus.svelte";
import { pathOf } from "../../lib/routes";
import { queueEntries } from "../player/songMenu";

/** Play an album from its first song, or its songs in any order. */
export async function playAlbum(app: App, album: Album, { shuffle = false } = {}): Promise<void> {
  await withSongs(app, album, (songs) => {
    const from = { label: album.attributes.name, path: pathOf("albums", album.id) };
    if (shuffle) app.player.playShuffled(songs, from);
    else app.player.play(songs, 0, from);
  });
}

/** Go on with an album where the listener left it. */
export async function resumeAlbum(app: App, entry: ContinueEntry): Promise<void> {
  try {
    const songs = await app.catalog.albumSongs(entry.id);
    const at = Math.max(0, songs.findIndex((song) => song.id === entry.songId));
    app.player.play(songs, at, { label: entry.name, path: pathOf("albums", entry.id) }, entry.positionMs);
  } catch (error) {
    app.toasts.bad(error, `“${entry.name}” could not be opened.`);
  }
}

/** The context menu of an album. */
export function albumMenu(app: App, album: Album): MenuEntry[] {
  const { name } = album.attributes;
  const loved = app.collection.isFavourite("albums", album.id);
  const kept = app.collection.isSaved("albums", album.id);
  const artist = album.relationships?.["artists"]?.data[0];
  const later = (act: (songs: readonly Song[]) => void) => (): void => void withSongs(app, album, act);
  return [
    { label: "Play", icon: "play", run: () => void playAlbum(app, album) },
    { label: "Shuffle", icon: "shuffle", run: () => void playAlbum(app, album, { shuffle: true }) },
    { label: "Play next", icon: "playNext", run: later((songs) => run(queueEntries(app, songs)[0])) },
    { label: "Add to queue", icon: "addToQueue", run: later((songs) => run(queueEntries(app, songs)[1])) },
    "line",
    {
      label: kept ? "Remove from library" : "Add to library",
      icon: kept ? "check" : "plus",
      run: () => void app.collection.toggleSaved("albums", album.id, name),
    },
    {
      label: loved ? "Remove from favourites" : "Add to favourites",
      icon: loved ? "heartFull" : "heart",
      run: () => void app.collection.toggleFavourite("albums", album.id, name),
    },
    {
      label: "Add to playlist…",
      icon: "playlist",
      run: later((songs) => app.dialogs.show({ kind: "add-to-playlist", songs })),
    },
    ...(artist
      ? [
          "line" as const,
          { label: "Go to artist", icon: "artists" as const, run: () => app.router.go(pathOf("artists", artist.id)) },
        ]
      : []),
  ];
}

function run(entry: MenuEntry | undefined): void {
  if (entry !== undefined && entry !== "line") entry.run();
}

async function withSongs(app: App, album: Album, act: (songs: readonly Song[]) => void): Promise<void> {
  try {
    act(await app.catalog.albumSongs(album.id));
  } catch (error) {
    app.toasts.bad(error, `“${album.attributes.name}” could not be opened.`);
  }
}
