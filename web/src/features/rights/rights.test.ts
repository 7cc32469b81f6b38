import { describe, expect, it } from "vitest";
import type { Deal } from "../../api/rights";
import { byContinent } from "./continents";
import { timelineOf } from "./timeline";
import { amount, closedWords, monthWords, spanWords, territoryWords, useWords } from "./words";

const NOW = Date.parse("2026-11-23T00:00:00Z");
const deal = (more: Partial<Deal>): Deal => ({ territories: ["fr"], uses: ["on-demand-stream"], models: ["subscription"], ...more });
const nameOf = (code: string): string => ({ fr: "France", de: "Germany" })[code] ?? code;

describe("the timeline", () => {
  it("lays deals on one axis, with now between what was and what will be", () => {
    const { bars, now } = timelineOf([deal({ start: "2026-01-01T00:00:00Z", end: "2026-06-01T00:00:00Z" }), deal({ start: "2027-01-01T00:00:00Z" })], NOW);
    expect(bars[0]?.to).toBeLessThan(now);
    expect(bars[1]?.from).toBeGreaterThan(now);
    expect(bars[1]?.to).toBe(1);
    expect(bars.map(({ opensEnded, isNow }) => [opensEnded, isNow])).toEqual([[false, false], [true, false]]);
  });

  it("draws what has neither beginning nor end over its whole width", () => {
    const [bar] = timelineOf([deal({})], NOW).bars;
    expect([bar?.from, bar?.to, bar?.isNow, bar?.startsEarlier]).toEqual([0, 1, true, true]);
  });

  it("does not take what was taken down for what holds", () => {
    expect(timelineOf([deal({ isTakenDown: true })], NOW).bars[0]?.isNow).toBe(false);
    expect(timelineOf([deal({ opensHere: false })], NOW).bars[0]?.isNow).toBe(false);
  });

  it.each([
    ["2026-01-01T00:00:00Z", "2026-12-01T00:00:00Z", /^(Q[234]|\d{4})$/],
    ["1960-01-01T00:00:00Z", "2026-12-01T00:00:00Z", /^\d{3}[05]$/],
  ])("has ticks inside of it from %s to %s", (start, end, label) => {
    const { ticks } = timelineOf([deal({ start, end })], NOW);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThan(20);
    for (const tick of ticks) {
      expect(tick.at).toBeGreaterThan(0);
      expect(tick.at).toBeLessThan(1);
      expect(tick.label).toMatch(label);
    }
  });
});

describe("words", () => {
  it("name countries, and the world as one", () => {
    expect(territoryWords(deal({ territories: ["Worldwide"], excluded: ["fr"] }), nameOf)).toBe("the whole world but France");
    expect(territoryWords(deal({ territories: ["fr", "de"] }), nameOf)).toBe("France, Germany");
    expect(territoryWords(deal({ territories: ["a", "b", "c", "d", "e", "f"] }), nameOf)).toBe("a, b, c, d, 2 more");
  });

  it("say when a deal holds", () => {
    expect(spanWords(deal({}))).toBe("always");
    expect(spanWords(deal({ start: "2026-01-05T12:00:00Z" }))).toMatch(/^from .*2026/);
    expect(spanWords(deal({ end: "2026-01-05T12:00:00Z" }))).toMatch(/^until .*2026/);
  });

  it("say whom a deal is for and what it opens not", () => {
    expect(closedWords(deal({}))).toBe("");
    expect(closedWords(deal({ channels: ["PADPIDA1"] }))).toBe("only for PADPIDA1");
    expect(closedWords(deal({ channels: ["PADPIDA1"], opensHere: false }))).toBe("only for PADPIDA1, opens nothing here");
    expect(closedWords(deal({ limits: ["CarrierType"], opensHere: false }))).toBe(
      "on terms that cannot be kept here (CarrierType), opens nothing here",
    );
    expect(useWords(["preview"], ["PermanentDownload"])).toBe("Previews, Permanent download");
  });

  it("write money and months", () => {
    expect(amount(1_234_560_000, "EUR")).toMatch(/1.?234[.,]56/);
    expect(monthWords("2026-11")).toMatch(/2026/);
    expect(monthWords("nonsense")).toBe("nonsense");
  });
});

describe("continents", () => {
  it("keep every country, unknown ones apart", () => {
    const groups = byContinent([{ country: "zz" }, { country: "fr" }, { country: "de" }, { country: "jp" }], nameOf);
    expect(groups.map(({ continent, places }) => [continent, places.map(({ country }) => country)])).toEqual([
      ["Europe", ["fr", "de"]],
      ["Asia", ["jp"]],
      ["Elsewhere", ["zz"]],
    ]);
  });
});
