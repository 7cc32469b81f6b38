import { describe, expect, it } from "vitest";
import { ago, artworkUrl, clock, day, kilohertz, lengthInWords, plural, spokenTime, year } from "./format";

describe("clock", () => {
  it.each([
    [0, "0:00"],
    [999, "0:00"],
    [61_000, "1:01"],
    [599_999, "9:59"],
    [3_600_000, "1:00:00"],
    [3_729_000, "1:02:09"],
    [-5000, "0:00"],
    [Number.NaN, "0:00"],
  ])("writes %d ms as %s", (ms, text) => expect(clock(ms)).toBe(text));
});

describe("lengths in words", () => {
  it.each([
    [20_000, "20 seconds"],
    [60_000, "1 minute"],
    [48 * 60_000, "48 minutes"],
    [3_600_000, "1 hour"],
    [72 * 60_000, "1 hour 12 minutes"],
  ])("says %d ms as %s", (ms, words) => expect(lengthInWords(ms)).toBe(words));

  it("says positions without hours or zeros in front", () => {
    expect(spokenTime(9_400)).toBe("9 seconds");
    expect(spokenTime(61_000)).toBe("1 minute 1 second");
  });
});

describe("dates", () => {
  it("takes the year of dates of any precision", () => {
    expect([year("1997"), year("1997-05"), year("1997-05-21"), year(""), year(null), year("unknown")]).toEqual([
      "1997",
      "1997",
      "1997",
      "",
      "",
      "",
    ]);
  });

  it("shows nothing for a date that is none", () => {
    expect(day("someday")).toBe("");
    expect(day(undefined)).toBe("");
  });

  it("says coarsely how long ago something was", () => {
    const now = Date.parse("2026-03-10T12:00:00Z");
    const before = (minutes: number): string => ago(new Date(now - minutes * 60_000).toISOString(), now);
    expect([before(0), before(5), before(60), before(180), before(60 * 24), before(60 * 24 * 4)]).toEqual([
      "just now",
      "5 minutes ago",
      "an hour ago",
      "3 hours ago",
      "yesterday",
      "4 days ago",
    ]);
  });
});

describe("numbers", () => {
  it("counts in the singular and the plural", () => {
    expect([plural(1, "song"), plural(2, "song"), plural(0, "song")]).toEqual(["1 song", "2 songs", "0 songs"]);
  });

  it("writes sample rates without needless digits", () => {
    expect([kilohertz(44_100), kilohertz(48_000), kilohertz(176_400), kilohertz(11_025)]).toEqual([
      "44.1 kHz",
      "48 kHz",
      "176.4 kHz",
      "11 kHz",
    ]);
  });
});

describe("artwork", () => {
  it("asks for the smallest stored size that covers what is drawn", () => {
    const url = "/artwork/x/{w}.jpg";
    expect([artworkUrl(url, 44), artworkUrl(url, 44, 2), artworkUrl(url, 190, 2), artworkUrl(url, 900, 3)]).toEqual([
      "/artwork/x/64.jpg",
      "/artwork/x/128.jpg",
      "/artwork/x/600.jpg",
      "/artwork/x/1200.jpg",
    ]);
  });
});
