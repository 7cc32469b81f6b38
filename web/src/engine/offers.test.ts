import { describe, expect, it } from "vitest";
import { offerOf, type Circumstances } from "./offers";
import type { Grant, SpatialRendition, Variant } from "./types";

const variant = (rung: string, averageBandwidth: number): Variant =>
  ({ rung, averageBandwidth, mime: rung, lossless: rung === "flac" }) as Variant;
const rendition = (kind: SpatialRendition["kind"], averageBandwidth: number, gainDb: number): SpatialRendition =>
  ({ ...variant(kind, averageBandwidth), kind, gainDb });

const grant = {
  variants: [variant("flac", 900_000), variant("aac-64", 64_000)],
  spatial: {
    renditions: [rendition("7.1.4", 600_000, 0), rendition("binaural", 160_000, -2), rendition("ambisonics", 512_000, -3)],
    scene: "/scene",
  },
} as unknown as Grant;
const usual: Circumstances = { wish: "automatic", quality: "auto", bitsPerSecond: null, tracked: true, plays: () => true };

const heard = (change: Partial<Circumstances>, of: Grant = grant): string => {
  const { form, immersion, variants } = offerOf(of, { ...usual, ...change });
  return `${form} ${immersion?.kind ?? "plain"} ${variants.map(({ rung }) => rung).join(" ")}`;
};

describe("what is heard of a song with a scene", () => {
  it("is the field, at the level of its stereo, where a head can be followed", () => {
    expect(heard({})).toBe("field ambisonics ambisonics");
    expect(offerOf(grant, usual)).toMatchObject({ gainDb: -3, immersion: { scene: "/scene" } });
  });

  it("is what ears heard once where a head cannot be followed, or the browser has no such codec", () => {
    expect(heard({ tracked: false })).toBe("stereo binaural binaural");
    expect(heard({ plays: ({ rung }) => rung !== "ambisonics" })).toBe("stereo binaural binaural");
  });

  it("is stereo where nothing else plays, is wanted or is there", () => {
    expect(heard({ tracked: false, plays: ({ rung }) => rung !== "binaural" })).toBe("stereo plain flac aac-64");
    expect(heard({ wish: "off" })).toBe("stereo plain flac aac-64");
    expect(heard({}, { ...grant, spatial: null })).toBe("stereo plain flac aac-64");
  });

  it("keeps to the chosen quality and to what the network carries, unless space is always wanted", () => {
    expect(heard({ quality: "high" })).toBe("stereo binaural binaural");
    expect(heard({ quality: "low" })).toBe("stereo plain flac aac-64");
    expect(heard({ bitsPerSecond: 600_000 })).toBe("stereo binaural binaural");
    expect(heard({ bitsPerSecond: 100_000 })).toBe("stereo plain flac aac-64");
    expect(heard({ wish: "always", quality: "low", bitsPerSecond: 100_000 })).toBe("field ambisonics ambisonics");
  });
});
