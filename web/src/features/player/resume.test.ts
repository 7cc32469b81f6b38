import { describe, expect, it } from "vitest";
import type { Snapshot } from "../../engine";
import { kept, readKept } from "./resume";

const snapshot = (length: number, index: number): Snapshot =>
  ({
    queue: Array.from({ length }, (_, at) => ({ songId: `s${at}` })),
    index,
    positionMs: 61_234,
  }) as unknown as Snapshot;

describe("the queue that outlives a reload", () => {
  it("comes back as it was", () => {
    const before = kept(snapshot(3, 1), { label: "x", path: "/x" }, "robin");
    expect(readKept(JSON.stringify(before), "robin")).toEqual({
      listener: "robin",
      songIds: ["s0", "s1", "s2"],
      index: 1,
      positionMs: 61_000,
      from: { label: "x", path: "/x" },
    });
  });

  it("is cut to what one request can ask for, with the same song current", () => {
    const cut = kept(snapshot(5000, 3000), null, "robin");
    expect(cut?.songIds.length).toBeLessThanOrEqual(300);
    expect(cut?.songIds[cut.index]).toBe("s3000");
  });

  it("is nothing when nothing is queued", () => expect(kept(snapshot(0, -1), null, "robin")).toBeNull());

  it("is given to nobody else", () => {
    expect(readKept(JSON.stringify(kept(snapshot(3, 1), null, "robin")), "noor")).toBeNull();
  });

  it.each([null, "", "{", "7", '{"listener":"robin"}', '{"listener":"robin","songIds":["a"],"index":4}', '{"listener":"robin","songIds":[1]}'])(
    "is nothing where the store holds %s",
    (stored) => expect(readKept(stored, "robin")).toBeNull(),
  );
});
