import { describe, expect, it } from "vitest";
import { byDay } from "./days";

describe("plays by day", () => {
  it("stand under today, yesterday and dates of the listener's own calendar", () => {
    const now = new Date(2026, 2, 10, 0, 30).getTime();
    const at = (day: number, hour: number): { playedAt: string } => ({ playedAt: new Date(2026, 2, day, hour).toISOString() });
    const days = byDay([at(10, 0), at(9, 23), at(9, 1), at(3, 12)], now);
    expect(days.map(({ label, entries }) => [label, entries.length])).toEqual([
      ["Today", 1],
      ["Yesterday", 2],
      [expect.stringContaining("2026"), 1],
    ]);
  });
});
