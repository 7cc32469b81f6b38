import { describe, expect, it } from "vitest";
import { landing, moved, shuffled, stepAside } from "./reorder";

describe("moving an item", () => {
  it.each([
    [0, 2, "bcad"],
    [3, 0, "dabc"],
    [1, 1, "abcd"],
    [0, 99, "bcda"],
    [2, -5, "cabd"],
    [9, 0, "abcd"],
  ])("from %d to %d", (from, to, result) => expect(moved([..."abcd"], from, to).join("")).toBe(result));

  it("leaves the original as it was", () => {
    const items = ["a", "b"];
    moved(items, 0, 1);
    expect(items).toEqual(["a", "b"]);
  });
});

describe("carrying a row", () => {
  it("lands where the pointer has passed the middle of a row, within the list", () => {
    expect([landing(2, 29, 60, 5), landing(2, 31, 60, 5), landing(2, -1000, 60, 5), landing(2, 1000, 60, 5)]).toEqual([
      2, 3, 0, 4,
    ]);
  });

  it("moves exactly the rows between the old place and the new one aside", () => {
    const order = (from: number, to: number): string => {
      const places = [..."abcde"].map((name, at) => ({ name, top: at === from ? to : at + stepAside(at, from, to) }));
      return places.sort((a, b) => a.top - b.top).map(({ name }) => name).join("");
    };
    for (let from = 0; from < 5; from += 1) {
      for (let to = 0; to < 5; to += 1) expect(order(from, to)).toBe(moved([..."abcde"], from, to).join(""));
    }
  });
});

describe("shuffling", () => {
  it("keeps every item and only changes the order", () => {
    const items = Array.from({ length: 50 }, (_, at) => at);
    const mixed = shuffled(items, Math.random);
    expect([...mixed].sort((a, b) => a - b)).toEqual(items);
  });

  it("gives each order of three the same chance", () => {
    const counts = new Map<string, number>();
    let state = 1;
    const random = (): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    for (let round = 0; round < 6000; round += 1) {
      const order = shuffled([..."abc"], random).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});
