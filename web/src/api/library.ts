/** What the listener keeps: favourites, saved albums, playlists, history. */

import type { ApiClient } from "./client";
import type { Album, Artist, Artwork, Listing, Playlist, Song } from "./types";

const ME = "/v1/me";

/** A song's place in a playlist; the same song may stand in it twice. */
export interface PlaylistItem {
  itemId: string;
  song: Song;
}

export type KeptType = "songs" | "albums" | "artists";

export interface Favourites {
  songs: Song[];
  albums: Album[];
  artists: Artist[];
}

export interface HistoryEntry {
  id: string;
  song: Song;
  playedAt: string;
}

export interface ContinueEntry {
  id: string;
  kind: "albums" | "playlists";
  name: string;
  detail: string;
  /** Where the listener was. */
  songId: string;
  positionMs: number;
  artwork?: Artwork;
}

export class LibraryApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async favourites(signal?: AbortSignal): Promise<Favourites> {
    const [songs, albums, artists] = await Promise.all([
      this.#every<Song>(`${ME}/favorites/songs`, signal),
      this.#every<Album>(`${ME}/favorites/albums`, signal),
      this.#every<Artist>(`${ME}/favorites/artists`, signal),
    ]);
    return { songs, albums, artists };
  }

  async favouriteKeys(): Promise<string[]> {
    const { songs, albums, artists } = await this.favourites();
    return [...songs, ...albums, ...artists].map(keyOf);
  }

  async savedKeys(): Promise<string[]> {
    const kinds = ["songs", "albums", "artists"] as const;
    const lists = await Promise.all(kinds.map((kind) => this.#every<Song | Album | Artist>(`${ME}/library/${kind}`)));
    return lists.flat().map(keyOf);
  }

  setFavourite(type: KeptType, id: string, on: boolean): Promise<void> {
    return this.#set(`${ME}/favorites/${type}`, id, on);
  }

  setSaved(type: KeptType, id: string, on: boolean): Promise<void> {
    return this.#set(`${ME}/library/${type}`, id, on);
  }

  playlists(signal?: AbortSignal): Promise<Playlist[]> {
    return this.#every<Playlist>(`${ME}/playlists`, signal);
  }

  async playlist(id: string, signal?: AbortSignal): Promise<Playlist> {
    const listing = await this.#client.get<Listing<Playlist>>(`${ME}/playlists/${id}`, signal);
    return first(listing);
  }

  async playlistItems(id: string, signal?: AbortSignal): Promise<PlaylistItem[]> {
    return this.#every<PlaylistItem>(`${ME}/playlists/${id}/items`, signal);
  }

  async createPlaylist(name: string, songIds: readonly string[]): Promise<Playlist> {
    const body = { name };
    const playlist = first(await this.#client.request<Listing<Playlist>>(`${ME}/playlists`, { method: "POST", body }));
    if (songIds.length > 0) await this.addItems(playlist.id, songIds);
    return playlist;
  }

  async renamePlaylist(id: string, name: string): Promise<void> {
    await this.#client.request(`${ME}/playlists/${id}`, { method: "PATCH", body: { name } });
  }

  async deletePlaylist(id: string): Promise<void> {
    await this.#client.request(`${ME}/playlists/${id}`, { method: "DELETE" });
  }

  async addItems(id: string, songIds: readonly string[]): Promise<void> {
    for (let at = 0; at < songIds.length; at += MOST_AT_ONCE) {
      const body = { ids: songIds.slice(at, at + MOST_AT_ONCE) };
      await this.#client.request(`${ME}/playlists/${id}/items`, { method: "POST", body });
    }
  }

  async removeItem(id: string, itemId: string): Promise<void> {
    await this.#client.request(`${ME}/playlists/${id}/items/${itemId}`, { method: "DELETE" });
  }

  async moveItem(id: string, itemId: string, position: number): Promise<void> {
    await this.#client.request(`${ME}/playlists/${id}/items/${itemId}`, { method: "PATCH", body: { position } });
  }

  async history(limit: number, signal?: AbortSignal): Promise<HistoryEntry[]> {
    return (await this.#client.get<Listing<HistoryEntry>>(`${ME}/history?limit=${limit}`, signal)).data;
  }

  async mostPlayed(limit: number, signal?: AbortSignal): Promise<Song[]> {
    return mostPlayedOf(await this.history(500, signal), limit);
  }

  async continueListening(signal?: AbortSignal): Promise<ContinueEntry[]> {
    return (await this.#client.get<Listing<ContinueEntry>>(`${ME}/continue`, signal)).data;
  }

  async #set(path: string, id: string, on: boolean): Promise<void> {
    await this.#client.request(`${path}?ids=${encodeURIComponent(id)}`, { method: on ? "PUT" : "DELETE" });
  }

  async #every<T>(path: string, signal?: AbortSignal): Promise<T[]> {
    const all: T[] = [];
    let next: string | null = `${path}?limit=500`;
    while (next !== null && all.length < MOST) {
      const listing: Listing<T> = await this.#client.get<Listing<T>>(next, signal);
      all.push(...listing.data);
      next = listing.next ?? null;
    }
    return all;
  }
}

/** More than this nobody keeps by hand; a wrong `next` must not loop for ever. */
const MOST = 20_000;
const MOST_AT_ONCE = 500;

function keyOf({ type, id }: { type: string; id: string }): string {
  return `${type}:${id}`;
}

function first<T>(listing: Listing<T>): T {
  return listing.data[0] as T;
}

/** The songs heard most often, most first; equals keep the order in which they were heard last. */
export function mostPlayedOf(history: readonly HistoryEntry[], limit: number): Song[] {
  const counts = new Map<string, { song: Song; plays: number }>();
  for (const { song } of history) {
    const known = counts.get(song.id);
    if (known) known.plays += 1;
    else counts.set(song.id, { song, plays: 1 });
  }
  return [...counts.values()]
    .filter(({ plays }) => plays > 1)
    .sort((a, b) => b.plays - a.plays)
    .slice(0, limit)
    .map(({ song }) => song);
}
