import { describe, expect, it } from "vitest";
import { headline, isRunning, summary } from "./progress";

const now = Date.parse("2026-03-10T12:00:00Z");

describe("an import", () => {
  it("at work says how far it is", () => {
    const scan = { phase: "reading", found: 12_000, done: 340 };
    expect([isRunning(scan), headline(scan), summary(scan, now)]).toEqual([true, "Reading your music", "340 of 12,000 files"]);
  });

  it("that ended says what came of it, and when", () => {
    const scan = { phase: "done", added: 1200, removed: 3, changed: 0, finishedAt: "2026-03-10T11:00:00Z" };
    expect([isRunning(scan), headline(scan), summary(scan, now)]).toEqual([false, "Up to date", "1,200 added, 3 removed · an hour ago"]);
  });

  it("that found nothing new says so", () => {
    expect(summary({ phase: "done", finishedAt: "2026-03-10T12:00:00Z" }, now)).toBe("Nothing new · just now");
  });

  it("that was stopped does not claim to be up to date", () => {
    expect(headline({ phase: "cancelled", finishedAt: "2026-03-10T12:00:00Z" })).toBe("Stopped before the end");
  });
});
