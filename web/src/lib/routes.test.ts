import { describe, expect, it } from "vitest";
import { chartPath, pathOf, routeOf, sameView, searchPath } from "./routes";

describe("addresses", () => {
  it.each([
    ["/", { view: "home" }],
    ["/albums/abc", { view: "album", id: "abc" }],
    ["/artists/a%2Fb", { view: "artist", id: "a/b" }],
    ["/genres/x/", { view: "genre", id: "x" }],
    ["/playlists", { view: "playlists" }],
    ["/playlists/p1", { view: "playlist", id: "p1" }],
    ["/library/songs", { view: "library", section: "songs", sort: null }],
    ["/library", { view: "library", section: "albums", sort: null }],
    ["/settings", { view: "settings" }],
    ["/settings/sign-ins", { view: "sign-ins" }],
    ["/settings/household", { view: "household" }],
    ["/settings/nonsense", { view: "missing", path: "/settings/nonsense" }],
    ["/invitation", { view: "invitation" }],
    ["/library/nonsense", { view: "missing", path: "/library/nonsense" }],
    ["/albums/a/b", { view: "missing", path: "/albums/a/b" }],
    ["/rights", { view: "rights", section: "deliveries" }],
    ["/rights/statements", { view: "rights", section: "statements" }],
    ["/rights/nonsense", { view: "missing", path: "/rights/nonsense" }],
    ["/deliveries/d1", { view: "delivery", id: "d1" }],
    ["/song-rights/s1", { view: "song-rights", id: "s1" }],
    ["/statements/2026-11", { view: "statement", id: "2026-11" }],
    ["/nowhere", { view: "missing", path: "/nowhere" }],
    ["/albums/%E0%A4%A", { view: "album", id: "%E0%A4%A" }],
  ])("%s is understood", (path, route) => expect(routeOf(path)).toEqual(route));

  it("read what they carry behind the question mark", () => {
    expect(routeOf("/search", "?term=a%20b%26c")).toEqual({ view: "search", term: "a b&c" });
    expect(routeOf("/library/albums", "?sort=-added")).toEqual({ view: "library", section: "albums", sort: "-added" });
  });

  it("of charts carry which one and the genre, and are one view", () => {
    expect(routeOf("/charts")).toEqual({ view: "charts", chart: "7d", genre: "" });
    expect(routeOf("/charts", "?chart=yearly")).toEqual({ view: "charts", chart: "7d", genre: "" });
    const url = new URL(chartPath("trending", "a b"), "http://x");
    expect(routeOf(url.pathname, url.search)).toEqual({ view: "charts", chart: "trending", genre: "a b" });
    expect(sameView(routeOf("/charts"), routeOf("/charts", "?chart=24h"))).toBe(true);
  });

  it("lead back to the same view", () => {
    for (const id of ["plain", "a/b", "ü ?#&", "%41"]) expect(routeOf(pathOf("albums", id))).toEqual({ view: "album", id });
    const url = new URL(searchPath("Ágætis ?&#"), "http://x");
    expect(routeOf(url.pathname, url.search)).toEqual({ view: "search", term: "Ágætis ?&#" });
  });
});

describe("moving between addresses", () => {
  it("is no navigation within a search or between orders of a list", () => {
    expect(sameView(routeOf("/search", "?term=a"), routeOf("/search", "?term=b"))).toBe(true);
    expect(sameView(routeOf("/library/songs"), routeOf("/library/songs", "?sort=artist"))).toBe(true);
    expect(sameView(routeOf("/library/songs"), routeOf("/library/albums"))).toBe(false);
    expect(sameView(routeOf("/nowhere"), routeOf("/elsewhere"))).toBe(false);
    expect(sameView(routeOf("/albums/a"), routeOf("/albums/b"))).toBe(false);
    expect(sameView(routeOf("/library/songs"), routeOf("/library/songs", "?sort=artist"))).toBe(true);
    expect(sameView(routeOf("/library/songs"), routeOf("/library/albums"))).toBe(false);
    expect(sameView(routeOf("/nowhere"), routeOf("/elsewhere"))).toBe(false);
    expect(sameView(routeOf("/albums/a"), routeOf("/artists/a"))).toBe(false);
  });
});
