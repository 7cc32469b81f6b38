import { describe, expect, it } from "vitest";
import { pathOf, routeOf, sameView, searchPath } from "./routes";

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
    ["/nowhere", { view: "missing", path: "/nowhere" }],
    ["/albums/%E0%A4%A", { view: "album", id: "%E0%A4%A" }],
  ])("%s is understood", (path, route) => expect(routeOf(path)).toEqual(route));

  it("read what they carry behind the question mark", () => {
    expect(routeOf("/search", "?term=a%20b%26c")).toEqual({ view: "search", term: "a b&c" });
    expect(routeOf("/library/albums", "?sort=-added")).toEqual({ view: "library", section: "albums", sort: "-added" });
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
