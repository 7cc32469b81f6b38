import { describe, expect, it } from "vitest";
import type { Song } from "../../api/types";
import { albumQuality, discsOf } from "./discs";

const song = (id: string, discNumber: number, ...audioTraits: string[]): Song =>
  ({ id, type: "songs", attributes: { discNumber, audioTraits } }) as Song;

describe("discs", () => {
  it("hold their songs in order, with each one's place in the album", () => {
    const discs = discsOf([song("a", 1), song("b", 1), song("c", 2)]);
    expect(discs.map(({ number, songs }) => [number, songs.map(({ song: { id }, at }) => `${id}${at}`)])).toEqual([
      [1, ["a0", "b1"]],
      [2, ["c2"]],
    ]);
  });

  it("are one where songs name none", () => expect(discsOf([song("a", 0), song("b", 0)])).toHaveLength(1));
  it("are none of nothing", () => expect(discsOf([])).toEqual([]));
});

describe("an album's quality", () => {
  it("is that of its least song", () => {
    expect(albumQuality([song("a", 1, "hi-res-lossless"), song("b", 1, "hi-res-lossless")])).toBe("Hi-Res Lossless");
    expect(albumQuality([song("a", 1, "hi-res-lossless"), song("b", 1, "lossless")])).toBe("Lossless");
    expect(albumQuality([song("a", 1, "lossless"), song("b", 1, "lossy-source")])).toBeNull();
    expect(albumQuality([])).toBeNull();
  });
});
