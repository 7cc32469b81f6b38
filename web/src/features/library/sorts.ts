/** How lists of the library can be ordered. */

import type { Sort } from "../../api/catalog";

export interface SortOption {
  value: Sort;
  label: string;
}

export const SORTS = {
  albums: [
    { value: "name", label: "Title" },
    { value: "artist", label: "Artist" },
    { value: "-added", label: "Recently added" },
    { value: "-released", label: "Release date" },
    { value: "random", label: "Random" },
  ],
  artists: [{ value: "name", label: "Name" }],
  songs: [
    { value: "name", label: "Title" },
    { value: "artist", label: "Artist" },
    { value: "album", label: "Album" },
    { value: "-added", label: "Recently added" },
  ],
} as const satisfies Record<string, readonly SortOption[]>;

/** The sort that an address names, or the first one. */
export function sortOf(options: readonly SortOption[], asked: string | null): Sort {
  return (options.find((option) => option.value === asked) ?? options[0])?.value ?? "name";
}
