import { describe, expect, it } from "vitest";
import { pagesFor, rowWindow, scrollToShow } from "./window";

const list = { rowHeight: 60, viewport: 600, total: 100_000, overscan: 4 };

describe("the window on a long list", () => {
  it("draws the rows in view and some more on either side", () => {
    expect(rowWindow({ ...list, scrolled: 60_030 })).toEqual({ first: 996, end: 1015, offset: 59_760, height: 6_000_000 });
  });

  it("never draws more rows than the view can hold with its surplus, wherever it stands", () => {
    for (let scrolled = -2000; scrolled < 6_002_000; scrolled += 33_333) {
      const { first, end } = rowWindow({ ...list, scrolled });
      expect(end - first).toBeLessThanOrEqual(600 / 60 + 1 + 2 * 4);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(end).toBeLessThanOrEqual(100_000);
    }
  });

  it("covers every pixel of the view", () => {
    for (const scrolled of [0, 1, 59, 60, 61, 5_999_400]) {
      const { first, end } = rowWindow({ ...list, scrolled, overscan: 0 });
      expect(first * 60).toBeLessThanOrEqual(scrolled);
      expect(end * 60).toBeGreaterThanOrEqual(Math.min(scrolled + 600, 6_000_000));
    }
  });

  it("draws nothing of a list that is scrolled past, and nothing of an empty one", () => {
    const past = rowWindow({ ...list, total: 3, overscan: 0, scrolled: 5000 });
    expect(past.end - past.first).toBe(0);
    expect(rowWindow({ ...list, total: 0, scrolled: 0 })).toEqual({ first: 0, end: 0, offset: 0, height: 0 });
  });

  it("starts at the first row while the list lies below the top of the view", () => {
    expect(rowWindow({ ...list, overscan: 0, scrolled: -300 })).toMatchObject({ first: 0, end: 5 });
  });
});

describe("pages", () => {
  it("names each page that the rows touch, once", () => {
    expect(pagesFor(0, 20, 200)).toEqual([0]);
    expect(pagesFor(190, 210, 200)).toEqual([0, 200]);
    expect(pagesFor(200, 400, 200)).toEqual([200]);
    expect(pagesFor(400, 400, 200)).toEqual([]);
  });
});

describe("bringing a row into view", () => {
  const view = { scrolled: 600, viewport: 600, rowHeight: 60 };
  it("leaves the view alone when the row is in it", () => expect(scrollToShow(15, view)).toBeNull());
  it("scrolls up to rows above", () => expect(scrollToShow(2, view)).toBe(120));
  it("scrolls down just far enough to rows below", () => expect(scrollToShow(20, view)).toBe(660));
});
