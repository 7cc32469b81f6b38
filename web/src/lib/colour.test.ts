import { describe, expect, it } from "vitest";
import { contrast, hueOf, tintOf, type Theme } from "./colour";

const GROUNDS: Record<Theme, string> = { dark: "131110", light: "faf7f1" };

describe("contrast", () => {
  it("is that of WCAG", () => {
    expect(contrast("000000", "ffffff")).toBeCloseTo(21);
    expect(contrast("777777", "ffffff")).toBeCloseTo(4.48, 2);
    expect(contrast("#ff0000", "ff0000")).toBe(1);
  });
});

describe("the tint of artwork", () => {
  it("can be read on the ground and written on, for colours all over the space", () => {
    for (const theme of ["dark", "light"] as const) {
      for (let seed = 0; seed < 600; seed += 1) {
        const colour = ((seed * 27_901_111) % 0xffffff).toString(16).padStart(6, "0");
        const tint = tintOf([colour], theme);
        if (!tint) throw new Error(colour);
        expect(contrast(tint.accent, GROUNDS[theme])).toBeGreaterThanOrEqual(4.5);
        expect(contrast(tint.accent, tint.onAccent)).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it("keeps words readable on the wash", () => {
    for (let seed = 0; seed < 600; seed += 1) {
      const colour = ((seed * 27_901_111) % 0xffffff).toString(16).padStart(6, "0");
      expect(contrast(tintOf([colour], "dark")?.wash ?? "", "f6f1e9")).toBeGreaterThanOrEqual(4.5);
      expect(contrast(tintOf([colour], "light")?.wash ?? "", "1c1815")).toBeGreaterThanOrEqual(4.5);
    }
  });

  it("takes the colour, not the grey, of a cover that has both", () => {
    const tint = tintOf(["202020", "e0e0e0", "2255cc"], "dark");
    const [red = "", , blue = ""] = /#(..)(..)(..)/.exec(tint?.accent ?? "")?.slice(1) ?? [];
    expect(Number.parseInt(blue, 16)).toBeGreaterThan(Number.parseInt(red, 16) + 40);
  });

  it("is none for what is no colour", () => {
    expect(tintOf([], "dark")).toBeNull();
    expect(tintOf(["red", "12345"], "dark")).toBeNull();
  });
});

describe("the hue of a name", () => {
  it("is always the same, and differs between names", () => {
    expect(hueOf("Jazz")).toBe(hueOf("Jazz"));
    expect(new Set(["Jazz", "Folk", "Soul", "Ambient"].map(hueOf)).size).toBe(4);
  });
});
