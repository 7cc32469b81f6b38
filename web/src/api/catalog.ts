/** The catalogue: songs, albums, artists, genres, lyrics, search. */

import type { ApiClient } from "./client";
import type { ChartName } from "../lib/routes";
import type { Album, Artist, Charts, ChartPage, Credits, Genre, Listing, Lyrics, SearchResults, Song, Suggestions } from "./types";

const ROOT = "/v1/catalog/home";

export type Sort = "name" | "-added" | "artist" | "album" | "released" | "-released" | "random";

export interface ListQuery {
  sort?: Sort;
  seed?: number;
  limit?: number;
  offset?: number;
}

export class CatalogApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  songs(query: ListQuery, signal?: AbortSignal): Promise<Listing<Song>> {
    return this.#list("songs", query, signal);
  }

  albums(query: ListQuery, signal?: AbortSignal): Promise<Listing<Album>> {
    return this.#list("albums", query, signal);
  }

  artists(query: ListQuery, signal?: AbortSignal): Promise<Listing<Artist>> {
    return this.#list("artists", query, signal);
  }

  genres(query: ListQuery, signal?: AbortSignal): Promise<Listing<Genre>> {
    return this.#list("genres", query, signal);
  }

  /** An album and its songs in playing order. */
  async album(id: string, signal?: AbortSignal): Promise<{ album: Album; songs: Song[] }> {
    const album = await this.#one<Album>(`${ROOT}/albums/${id}`, signal);
    return { album, songs: (album.relationships?.["songs"]?.data ?? []) as Song[] };
  }

  async albumSongs(id: string, signal?: AbortSignal): Promise<Song[]> {
    return (await this.#client.get<Listing<Song>>(`${ROOT}/albums/${id}/songs?limit=500`, signal)).data;
  }

  artist(id: string, signal?: AbortSignal): Promise<Artist> {
    return this.#one(`${ROOT}/artists/${id}`, signal);
  }

  async artistAlbums(id: string, signal?: AbortSignal): Promise<Album[]> {
    return (await this.#client.get<Listing<Album>>(`${ROOT}/artists/${id}/albums?limit=500`, signal)).data;
  }

  artistSongs(id: string, query: ListQuery, signal?: AbortSignal): Promise<Listing<Song>> {
    return this.#list(`artists/${id}/songs`, query, signal);
  }

  genre(id: string, signal?: AbortSignal): Promise<Genre> {
    return this.#one(`${ROOT}/genres/${id}`, signal);
  }

  genreAlbums(id: string, query: ListQuery, signal?: AbortSignal): Promise<Listing<Album>> {
    return this.#list(`genres/${id}/albums`, query, signal);
  }

  /** What is played most, or more than usual, of one genre or ("") of all. */
  async charts(chart: ChartName, genre: string, limit: number, signal?: AbortSignal): Promise<Charts> {
    const answer = await this.#client.get<{ results: Charts }>(this.#chartsPath(chart, genre, limit), signal);
    return answer.results;
  }

  async chartOfSongs(chart: ChartName, limit: number, signal?: AbortSignal): Promise<ChartPage<Song>> {
    const path = `${this.#chartsPath(chart, "", limit)}&types=songs`;
    return (await this.#client.get<{ results: { songs: ChartPage<Song> } }>(path, signal)).results.songs;
  }

  #chartsPath(chart: ChartName, genre: string, limit: number): string {
    const query = new URLSearchParams(chart === "trending" ? { chart } : { period: chart });
    if (genre !== "") query.set("genre", genre);
    query.set("limit", String(limit));
    return `${ROOT}/charts?${query.toString()}`;
  }

  async lyrics(songId: string, signal?: AbortSignal): Promise<Lyrics | null> {
    const listing = await this.#client.get<Listing<{ attributes: Lyrics }>>(`${ROOT}/songs/${songId}/lyrics`, signal);
    return listing.data[0]?.attributes ?? null;
  }

  async credits(songId: string, signal?: AbortSignal): Promise<Credits> {
    const listing = await this.#client.get<Listing<{ attributes: Credits }>>(`${ROOT}/songs/${songId}/credits`, signal);
    return listing.data[0]?.attributes ?? { people: [] };
  }

  async search(term: string, limit: number, signal?: AbortSignal): Promise<SearchResults> {
    const query = new URLSearchParams({ term, types: "songs,albums,artists", limit: String(limit) });
    const answer = await this.#client.get<{ results: SearchResults }>(`${ROOT}/search?${query.toString()}`, signal);
    return answer.results;
  }

  async suggestions(term: string, limit: number, signal?: AbortSignal): Promise<Suggestions> {
    const query = new URLSearchParams({ term, limit: String(limit) });
    const path = `${ROOT}/search/suggestions?${query.toString()}`;
    return (await this.#client.get<{ results: Suggestions }>(path, signal)).results;
  }

  /** Songs by id, at most 300, in the order asked for; what is gone is left out. */
  async songsById(ids: readonly string[]): Promise<Song[]> {
    const listing = await this.#client.get<Listing<Song>>(`${ROOT}/songs?ids=${[...new Set(ids)].join(",")}`);
    const byId = new Map(listing.data.map((song) => [song.id, song]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  }

  #list<T>(path: string, query: ListQuery, signal?: AbortSignal): Promise<Listing<T>> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
    const tail = parameters.size > 0 ? `?${parameters.toString()}` : "";
    return this.#client.get<Listing<T>>(`${ROOT}/${path}${tail}`, signal);
  }

  async #one<T>(path: string, signal?: AbortSignal): Promise<T> {
    const listing = await this.#client.get<Listing<T>>(path, signal);
    return listing.data[0] as T;
  }
}
