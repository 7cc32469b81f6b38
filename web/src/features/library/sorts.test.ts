import { expect, it } from "vitest";
import { SORTS, sortOf } from "./sorts";

it("takes the sort of the address where the list knows it, otherwise its first", () => {
  expect(sortOf(SORTS.albums, "-added")).toBe("-added");
  expect(sortOf(SORTS.songs, "released")).toBe("name");
  expect(sortOf(SORTS.artists, null)).toBe("name");
});
