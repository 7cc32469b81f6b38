/** The resources of the JSON API, as the player reads them. */

export interface Artwork {
  /** Holds a literal `{w}` where the width goes. */
  url: string;
  width: number;
  height: number;
  bgColor: string;
  textColor1: string;
  textColor2: string;
  textColor3: string;
  textColor4: string;
}

export interface SourceQuality {
  format: string;
  sampleRate: number;
  bitDepth: number;
  channels: number;
}

export interface Ref {
  id: string;
  type: string;
  href?: string;
  attributes?: { name?: string };
}

export interface Relationship {
  data: Ref[];
}

export interface Resource<Type extends string, Attributes> {
  id: string;
  type: Type;
  href?: string;
  attributes: Attributes;
  relationships?: Record<string, Relationship | undefined>;
}

/** Why a song may not be heard: a code, a sentence, and when it opens, if that is known. */
export interface Availability {
  reason: string;
  detail: string;
  from?: string;
}

export interface SongAttributes {
  name: string;
  artistName: string;
  albumName: string;
  albumArtistName?: string;
  discNumber: number;
  trackNumber: number;
  durationInMillis: number;
  genreNames?: string[];
  releaseDate?: string;
  composerName?: string | null;
  contentRating?: string | null;
  /** There only where the listener may not hear the song. */
  availability?: Availability;
  hasLyrics?: boolean;
  hasTimeSyncedLyrics?: boolean;
  audioTraits?: string[];
  source?: SourceQuality;
  artwork?: Artwork | null;
  dateAdded?: string;
}

export interface AlbumAttributes {
  name: string;
  artistName: string;
  trackCount: number;
  discCount: number;
  releaseDate?: string;
  genreNames?: string[];
  isCompilation?: boolean;
  artwork?: Artwork | null;
  recordLabel?: string | null;
  copyright?: string | null;
  durationInMillis: number;
  dateAdded?: string;
}

export interface ArtistAttributes {
  name: string;
  sortName?: string;
  albumCount: number;
  songCount: number;
  artwork?: Artwork | null;
}

export interface GenreAttributes {
  name: string;
  albumCount: number;
  songCount: number;
}

export interface PlaylistAttributes {
  name: string;
  description?: string;
  trackCount: number;
  /** Covers of its first albums, at most four. */
  artworks: Artwork[];
  dateAdded?: string;
  dateModified?: string;
}

export type Song = Resource<"songs", SongAttributes>;
export type Album = Resource<"albums", AlbumAttributes>;
export type Artist = Resource<"artists", ArtistAttributes>;
export type Genre = Resource<"genres", GenreAttributes>;
export type Playlist = Resource<"playlists", PlaylistAttributes>;

export interface Listing<T> {
  data: T[];
  next?: string | null;
  meta?: { total?: number };
}

/** Somebody who is credited; roles are the standard's words, such as `MainArtist`. */
export interface CreditedPerson {
  name: string;
  roles: readonly string[];
}

/** Who made a song. */
export interface Credits {
  people: readonly CreditedPerson[];
  labels?: readonly string[];
  works?: readonly string[];
  /** What labels print for (P) and (C). */
  lines?: readonly string[];
}

export interface LyricsLine {
  startMs: number | null;
  text: string;
}

export interface Lyrics {
  synced: boolean;
  language: string;
  lines: LyricsLine[];
}

export interface SearchResults {
  songs?: Listing<Song>;
  albums?: Listing<Album>;
  artists?: Listing<Artist>;
  top?: Listing<Song | Album | Artist>;
}

/** Where an item stands in a chart; `before` is its rank a day ago, absent for what is new in it. */
export interface ChartPlace {
  id: string;
  rank: number;
  before?: number;
}

export interface ChartPage<T> {
  data: T[];
  next?: string | null;
  meta: { total: number; places: ChartPlace[]; madeAt?: string };
}

export interface Charts {
  songs: ChartPage<Song>;
  albums: ChartPage<Album>;
  artists: ChartPage<Artist>;
}

export interface Suggestions {
  terms: string[];
  top: (Song | Album | Artist)[];
}

export interface ProblemItem {
  id?: string;
  status: string;
  code: string;
  title: string;
  detail?: string;
  source?: { parameter?: string; pointer?: string };
}
