import { expect, it } from "vitest";
import { lancet } from "./lancet";

it("draws arcs that meet above the middle and leave the legs upright", () => {
  // With a radius of 1.5 half spans the apex stands sqrt(2) half spans above the springing.
  expect(lancet(10, 20, 4, 30)).toBe(`M6 30V20a6 6 0 0 1 4 ${-4 * Math.sqrt(2)}a6 6 0 0 1 4 ${4 * Math.sqrt(2)}V30`);
});

it("hangs upside down from a foot above", () => {
  expect(lancet(10, 20, 4, 0)).toContain(`0 0 0 4 ${4 * Math.sqrt(2)}`);
});
