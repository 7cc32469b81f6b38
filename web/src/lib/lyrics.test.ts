import { describe, expect, it } from "vitest";
import { currentLine } from "./lyrics";

const lines = [1000, 4000, 4000, 9000].map((startMs) => ({ startMs }));

describe("the line being sung", () => {
  it.each([
    [0, -1],
    [999, -1],
    [1000, 0],
    [3999, 0],
    [4000, 2],
    [8999, 2],
    [9000, 3],
    [1e9, 3],
  ])("at %d ms is number %d", (position, line) => expect(currentLine(lines, position)).toBe(line));

  it("is none where there are no lines", () => expect(currentLine([], 5000)).toBe(-1));

  it("is the same as looking through all of them", () => {
    const many = Array.from({ length: 200 }, (_, at) => ({ startMs: at * 37 }));
    for (let position = -50; position < 8000; position += 13) {
      expect(currentLine(many, position)).toBe(many.findLastIndex(({ startMs }) => startMs <= position));
    }
  });
});
