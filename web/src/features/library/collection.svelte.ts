/** What the listener keeps, as state that every view shares. Changes show at once and are undone if refused. */

import { SvelteSet } from "svelte/reactivity";
import type { KeptType, LibraryApi } from "../../api/library";
import type { Playlist, Song } from "../../api/types";
import type { Toasts } from "../../lib/toasts.svelte";

export class Collection {
  playlists = $state.raw<readonly Playlist[]>([]);
  loaded = $state(false);
  /** Counts changes of playlists' contents, so that an open one reads itself again. */
  playlistVersion = $state(0);

  readonly #library: LibraryApi;
  readonly #toasts: Toasts;
  readonly #favourites = new SvelteSet<string>();
  readonly #saved = new SvelteSet<string>();

  constructor(library: LibraryApi, toasts: Toasts) {
    this.#library = library;
    this.#toasts = toasts;
  }

  /** Read everything after signing in. */
  async load(): Promise<void> {
    const [favourites, saved, playlists] = await Promise.all([
      this.#library.favouriteKeys(),
      this.#library.savedKeys(),
      this.#library.playlists(),
    ]);
    for (const key of favourites) this.#favourites.add(key);
    for (const key of saved) this.#saved.add(key);
    this.playlists = playlists;
    this.loaded = true;
  }

  clear(): void {
    this.#favourites.clear();
    this.#saved.clear();
    this.playlists = [];
    this.loaded = false;
  }

  isFavourite(type: KeptType, id: string): boolean {
    return this.#favourites.has(`${type}:${id}`);
  }

  isSaved(type: KeptType, id: string): boolean {
    return this.#saved.has(`${type}:${id}`);
  }

  async toggleFavourite(type: KeptType, id: string, name: string): Promise<void> {
    const on = !this.isFavourite(type, id);
    await this.#toggle(this.#favourites, `${type}:${id}`, on, () => this.#library.setFavourite(type, id, on));
    this.#toasts.announce(on ? `${name} is a favourite` : `${name} is no favourite any more`);
  }

  async toggleSaved(type: KeptType, id: string, name: string): Promise<void> {
    const on = !this.isSaved(type, id);
    const done = await this.#toggle(this.#saved, `${type}:${id}`, on, () => this.#library.setSaved(type, id, on));
    if (done) this.#toasts.show(on ? `“${name}” added to your library` : `“${name}” removed from your library`);
  }

  async createPlaylist(name: string, songs: readonly Song[]): Promise<Playlist> {
    const playlist = await this.#library.createPlaylist(
      name,
      songs.map((song) => song.id),
    );
    await this.#readPlaylists();
    return playlist;
  }

  async renamePlaylist(id: string, name: string): Promise<void> {
    await this.#library.renamePlaylist(id, name);
    await this.#readPlaylists();
  }

  async addToPlaylist(id: string, songs: readonly Song[]): Promise<void> {
    await this.#library.addItems(
      id,
      songs.map((song) => song.id),
    );
    await this.#readPlaylists();
  }

  /** Whether it is gone; says so if it could not be deleted. */
  async deletePlaylist(id: string, name: string): Promise<boolean> {
    try {
      await this.#library.deletePlaylist(id);
    } catch (error) {
      this.#toasts.bad(error, `“${name}” could not be deleted.`);
      return false;
    }
    this.playlists = this.playlists.filter((one) => one.id !== id);
    this.#toasts.show(`“${name}” deleted`);
    return true;
  }

  async #readPlaylists(): Promise<void> {
    this.playlists = await this.#library.playlists();
    this.playlistVersion += 1;
  }

  async #toggle(set: Set<string>, key: string, on: boolean, save: () => Promise<void>): Promise<boolean> {
    put(set, key, on);
    try {
      await save();
      return true;
    } catch (error) {
      put(set, key, !on);
      this.#toasts.bad(error, "That could not be saved.");
      return false;
    }
  }
}

function put(set: Set<string>, key: string, on: boolean): void {
  if (on) set.add(key);
  else set.delete(key);
}
