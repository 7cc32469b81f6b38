import { describe, expect, it } from "vitest";
import { ApiClient } from "./client";
import { LibraryApi, mostPlayedOf, type HistoryEntry } from "./library";
import type { Song } from "./types";

const song = (id: string): Song => ({ id, type: "songs" }) as Song;
const play = (id: string, at: number): HistoryEntry => ({ id: `h${at}`, song: song(id), playedAt: "" });

describe("the most played", () => {
  it("come by how often they were heard, what was heard last first among equals", () => {
    const history = ["b", "a", "c", "a", "b", "d"].map(play);
    expect(mostPlayedOf(history, 10).map(({ id }) => id)).toEqual(["b", "a"]);
  });

  it("are no more than asked for", () => {
    expect(mostPlayedOf(["a", "a", "b", "b", "b"].map(play), 1).map(({ id }) => id)).toEqual(["b"]);
  });
});

function recording(answer: (path: string) => unknown): { api: LibraryApi; calls: { path: string; body: unknown }[] } {
  const calls: { path: string; body: unknown }[] = [];
  const fetcher = (path: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    if (path === "/v1/token") return Promise.resolve(new Response('{"accessToken":"t","expiresIn":1}'));
    calls.push({ path: String(path), body: typeof init.body === "string" ? JSON.parse(init.body) : undefined });
    return Promise.resolve(new Response(JSON.stringify(answer(String(path)))));
  };
  return { api: new LibraryApi(new ApiClient(fetcher as typeof fetch)), calls };
}

describe("long lists of what is kept", () => {
  it("are read to their end", async () => {
    const { api, calls } = recording((path) =>
      path.includes("offset") ? { data: [song("c")] } : { data: [song("a"), song("b")], next: "/v1/me/playlists?offset=2" },
    );
    expect((await api.playlists()).map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(calls).toHaveLength(2);
  });

  it("are added to in parts that the server takes", async () => {
    const { api, calls } = recording(() => ({ data: [] }));
    await api.addItems(
      "p",
      Array.from({ length: 1100 }, (_, at) => `s${at}`),
    );
    expect(calls.map(({ body }) => (body as { ids: string[] }).ids.length)).toEqual([500, 500, 100]);
  });
});
