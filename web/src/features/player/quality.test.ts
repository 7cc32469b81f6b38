import { describe, expect, it } from "vitest";
import type { PlayingVariant } from "../../engine";
import { qualityOf, reasonsOf, rungName } from "./quality";

const cd: PlayingVariant = {
  rung: "flac",
  codecs: "flac",
  lossless: true,
  bitsPerSecond: 900_000,
  sampleRate: 44_100,
  bitDepth: 16,
  channels: 2,
};
const aac = (bitsPerSecond: number): PlayingVariant => ({ ...cd, codecs: "mp4a.40.2", lossless: false, bitDepth: 0, bitsPerSecond });

describe("the quality badge", () => {
  it("tells CD quality from what is beyond it", () => {
    expect(qualityOf(cd)).toEqual({ grade: "Lossless", figures: "16-bit / 44.1 kHz", codec: "FLAC" });
    expect(qualityOf({ ...cd, bitDepth: 24 }).grade).toBe("Hi-Res Lossless");
    expect(qualityOf({ ...cd, sampleRate: 96_000 }).figures).toBe("16-bit / 96 kHz");
    expect(qualityOf({ ...cd, sampleRate: 48_000 }).grade).toBe("Lossless");
  });

  it("never calls the samples of a lossy file lossless", () => {
    expect(qualityOf(cd, { fromLossy: true }).grade).toBe("Original");
  });

  it("calls spatial what is heard in space", () => {
    expect(qualityOf(aac(512_000), { spatial: true })).toMatchObject({ grade: "Spatial", figures: "512 kbps" });
  });

  it("grades lossy streams by their rate", () => {
    expect([256_000, 128_000, 64_000].map((rate) => qualityOf(aac(rate)))).toEqual([
      { grade: "High", figures: "256 kbps", codec: "AAC" },
      { grade: "Standard", figures: "128 kbps", codec: "AAC" },
      { grade: "Low", figures: "64 kbps", codec: "AAC" },
    ]);
  });
});

describe("the play decision", () => {
  it("says why, and what was left out for what reason", () => {
    const { why, leftOut } = reasonsOf({
      chosen: "flac",
      reasons: [{ code: "lossless_supported" }],
      excluded: [
        { rung: "alac", code: "codec_unsupported", detail: "No ALAC here." },
        { rung: "aac-256", code: "not_ready" },
      ],
    });
    expect(why).toEqual([{ title: "Lossless supported", text: "" }]);
    expect(leftOut).toEqual([
      { title: "ALAC", text: "No ALAC here." },
      { title: "AAC 256 kbps", text: "Not ready" },
    ]);
  });

  it("names rungs as listeners would", () => {
    expect(["flac", "alac", "aac-64", "aac128"].map(rungName)).toEqual(["FLAC", "ALAC", "AAC 64 kbps", "AAC 128 kbps"]);
  });
});
