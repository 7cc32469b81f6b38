import { describe, expect, it } from "vitest";
import { Pages, type LoadPage } from "./pages";

interface Asked {
  offset: number;
  signal: AbortSignal;
  answer: () => void;
  fail: (error: unknown) => void;
}

function served(total = 1000): { asked: Asked[]; load: LoadPage<number> } {
  const asked: Asked[] = [];
  const load: LoadPage<number> = (offset, limit, signal) =>
    new Promise((resolve, reject) => {
      const items = Array.from({ length: Math.min(limit, total - offset) }, (_, at) => offset + at);
      asked.push({ offset, signal, answer: () => resolve({ items, total }), fail: reject });
    });
  return { asked, load };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe("pages of a list", () => {
  it("asks for each page once, however often it is wanted", async () => {
    const { asked, load } = served();
    const pages = new Pages(load, () => undefined, { pageSize: 100, capacity: 5 });
    pages.want(0, 20);
    pages.want(5, 25);
    asked[0]?.answer();
    await settled();
    pages.want(0, 20);
    expect(asked.map(({ offset }) => offset)).toEqual([0]);
    expect([pages.total, pages.at(7), pages.at(100)]).toEqual([1000, 7, undefined]);
  });

  it("gives up pages that flew past, and loads one again that comes back", async () => {
    const { asked, load } = served();
    const pages = new Pages(load, () => undefined, { pageSize: 100, capacity: 5 });
    pages.want(300, 320);
    pages.want(700, 720);
    expect(asked[0]?.signal.aborted).toBe(true);
    pages.want(300, 320);
    asked[0]?.answer();
    asked[2]?.answer();
    await settled();
    expect(asked.map(({ offset }) => offset)).toEqual([300, 700, 300]);
    expect(pages.at(305)).toBe(305);
    expect(pages.at(705)).toBeUndefined();
  });

  it("keeps no more pages than it may, and forgets the one not looked at for longest", async () => {
    const { asked, load } = served();
    const pages = new Pages(load, () => undefined, { pageSize: 100, capacity: 2 });
    for (const first of [0, 100, 0, 200]) {
      pages.want(first, first + 1);
      asked.at(-1)?.answer();
      await settled();
    }
    expect([pages.at(0), pages.at(100), pages.at(200)]).toEqual([0, undefined, 200]);
  });

  it("tells of a failure, asks nothing more, and goes on when told to retry", async () => {
    const { asked, load } = served();
    let changes = 0;
    const pages = new Pages(load, () => (changes += 1), { pageSize: 100, capacity: 2 });
    pages.want(0, 1);
    asked[0]?.fail(new Error("gone"));
    await settled();
    pages.want(0, 1);
    expect([changes, asked.length, (pages.error as Error).message]).toEqual([1, 1, "gone"]);
    pages.retry(0, 1);
    asked[1]?.answer();
    await settled();
    expect([pages.error, pages.at(0)]).toEqual([null, 0]);
  });

  it("returns rows without a gap only", async () => {
    const { asked, load } = served(150);
    const pages = new Pages(load, () => undefined, { pageSize: 100, capacity: 5 });
    pages.want(90, 95);
    asked[0]?.answer();
    await settled();
    expect(pages.run(98, 110)).toEqual([98, 99]);
  });

  it("says nothing any more after it is closed", async () => {
    const { asked, load } = served();
    let changes = 0;
    const pages = new Pages(load, () => (changes += 1), { pageSize: 100, capacity: 5 });
    pages.want(0, 1);
    pages.close();
    asked[0]?.answer();
    await settled();
    expect([changes, asked[0]?.signal.aborted]).toEqual([0, true]);
  });
});
