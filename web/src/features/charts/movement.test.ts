import { describe, expect, it } from "vitest";
import { movementOf } from "./movement";

describe("movement in a chart", () => {
  it.each([
    [{ rank: 1 }, "new", 0],
    [{ rank: 1, before: 4 }, "up", 3],
    [{ rank: 5, before: 2 }, "down", 3],
    [{ rank: 2, before: 2 }, "same", 0],
  ])("of %o is %s by %i", (place, kind, by) => {
    expect(movementOf({ id: "s", ...place })).toMatchObject({ kind, by });
  });
});
