import { describe, expect, it } from "vitest";
import type { LibraryApi } from "../../api/library";
import { Toasts } from "../../lib/toasts.svelte";
import { Collection } from "./collection.svelte";

function collection(save: () => Promise<void>): { kept: Collection; toasts: Toasts } {
  const toasts = new Toasts();
  const library = {
    favouriteKeys: () => Promise.resolve(["songs:a"]),
    savedKeys: () => Promise.resolve(["albums:b"]),
    playlists: () => Promise.resolve([]),
    setFavourite: save,
    setSaved: save,
  };
  return { kept: new Collection(library as unknown as LibraryApi, toasts), toasts };
}

describe("what the listener keeps", () => {
  it("is known by kind and id after loading, and forgotten at signing out", async () => {
    const { kept } = collection(() => Promise.resolve());
    await kept.load();
    expect([kept.isFavourite("songs", "a"), kept.isFavourite("albums", "a"), kept.isSaved("albums", "b")]).toEqual([true, false, true]);
    kept.clear();
    expect([kept.isFavourite("songs", "a"), kept.isSaved("albums", "b"), kept.loaded]).toEqual([false, false, false]);
  });

  it("changes at once, before the server has answered", () => {
    const { kept } = collection(() => new Promise(() => undefined));
    void kept.toggleFavourite("songs", "x", "X");
    expect(kept.isFavourite("songs", "x")).toBe(true);
  });

  it("goes back, and says so, when the server refuses", async () => {
    const { kept, toasts } = collection(() => Promise.reject(new Error("Disk full.")));
    await kept.load();
    await kept.toggleFavourite("songs", "a", "A");
    expect(kept.isFavourite("songs", "a")).toBe(true);
    expect(toasts.items).toMatchObject([{ tone: "bad", text: "That could not be saved. Disk full." }]);
  });
});
