/** Addresses and views, both ways. Pure. */

export const LIBRARY_SECTIONS = ["albums", "artists", "songs", "genres", "favourites"] as const;
export type LibrarySection = (typeof LIBRARY_SECTIONS)[number];

export const RIGHTS_SECTIONS = ["deliveries", "statements", "changes"] as const;
export type RightsSection = (typeof RIGHTS_SECTIONS)[number];

export const CHARTS = ["trending", "24h", "7d", "30d"] as const;
export type ChartName = (typeof CHARTS)[number];

export type Route =
  | { view: "home" }
  | { view: "search"; term: string }
  | { view: "library"; section: LibrarySection; sort: string | null }
  | { view: Page; id: string }
  | { view: "rights"; section: RightsSection }
  | { view: "charts"; chart: ChartName; genre: string }
  | { view: "playlists" }
  | { view: "history" }
  | { view: "settings" | "sign-ins" | "household" | "invitation" }
  | { view: "missing"; path: string };

type Page = "album" | "artist" | "genre" | "playlist" | "delivery" | "song-rights" | "statement";

const PAGES: Record<string, Page> = {
  albums: "album",
  artists: "artist",
  genres: "genre",
  playlists: "playlist",
  deliveries: "delivery",
  "song-rights": "song-rights",
  statements: "statement",
};

/** The view that an address asks for. */
export function routeOf(pathname: string, search = ""): Route {
  const [head = "", tail, ...rest] = pathname.split("/").filter(Boolean).map(decoded);
  const query = new URLSearchParams(search);
  const missing: Route = { view: "missing", path: pathname };
  if (rest.length > 0) return missing;
  if (tail !== undefined) {
    if (head === "library") return libraryOf(tail, query) ?? missing;
    if (head === "settings" && (tail === "sign-ins" || tail === "household")) return { view: tail };
    const known = head === "rights" ? RIGHTS_SECTIONS.find((name) => name === tail) : undefined;
    if (known !== undefined) return { view: "rights", section: known };
    const view = PAGES[head];
    return view === undefined ? missing : { view, id: tail };
  }
  switch (head) {
    case "":
      return { view: "home" };
    case "search":
      return { view: "search", term: query.get("term") ?? "" };
    case "library":
      return { view: "library", section: "albums", sort: query.get("sort") };
    case "charts":
      return { view: "charts", chart: CHARTS.find((name) => name === query.get("chart")) ?? "7d", genre: query.get("genre") ?? "" };
    case "rights":
      return { view: "rights", section: "deliveries" };
    case "playlists":
    case "history":
    case "settings":
    case "invitation":
      return { view: head };
    default:
      return missing;
  }
}

function libraryOf(section: string, query: URLSearchParams): Route | null {
  const known = LIBRARY_SECTIONS.find((name) => name === section);
  return known === undefined ? null : { view: "library", section: known, sort: query.get("sort") };
}

/** The address of a catalogue or library item. */
export function pathOf(type: string, id: string): string {
  return `/${type}/${encodeURIComponent(id)}`;
}

/** The address of a search. */
export function searchPath(term: string): string {
  return term === "" ? "/search" : `/search?${new URLSearchParams({ term }).toString()}`;
}

/** The address of a chart, of one genre or ("") of all. */
export function chartPath(chart: ChartName, genre = ""): string {
  return `/charts?${new URLSearchParams(genre === "" ? { chart } : { chart, genre }).toString()}`;
}

/** Whether two routes show the same view, so that moving between them is no navigation. */
export function sameView(one: Route, other: Route): boolean {
  return one.view === other.view && what(one) === what(other);
}

function what(route: Route): string {
  if ("id" in route) return route.id;
  if ("section" in route) return route.section;
  return "path" in route ? route.path : "";
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
