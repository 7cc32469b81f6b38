import { describe, expect, it } from "vitest";
import type { VoiceTurn } from "../../api/voice";
import { detailOf, marked, sayChoice } from "./words";

const turn = (heard: string, ...slots: [string, string][]): VoiceTurn => ({
  id: "t",
  outcome: "act",
  heard,
  reply: { text: "", ssml: "" },
  slots: slots.map(([name, text]) => ({ name, text, begin: heard.indexOf(text), end: heard.indexOf(text) + text.length })),
});

describe("what was understood", () => {
  it("marks the words that name something, in the order of the sentence", () => {
    const parts = marked(turn("play hurt by johnny cash", ["artist", "johnny cash"], ["song", "hurt"]));
    expect(parts).toEqual([
      { text: "play ", names: null },
      { text: "hurt", names: "song" },
      { text: " by ", names: null },
      { text: "johnny cash", names: "artist" },
    ]);
  });

  it("shows the whole sentence where slots overlap or lie outside of it", () => {
    const odd = turn("play it", ["song", "it"]);
    odd.slots?.push({ name: "artist", text: "?", begin: 6, end: 7 }, { name: "album", text: "?", begin: 7, end: 90 });
    expect(marked(odd).map((part) => part.text).join("")).toBe("play it");
  });
});

describe("choices", () => {
  it("say what they are", () => {
    expect(detailOf({ kind: "song", name: "Hurt", artist: "Johnny Cash", version: "live" })).toBe("Song · Johnny Cash · live");
    expect(detailOf({ kind: "artist", name: "Nirvana" })).toBe("Artist");
  });

  it("are chosen by their place", () => {
    expect([0, 1, 2].map((index) => sayChoice({ kind: "song", name: "x" }, index))).toEqual(["the first one", "the second one", "the third one"]);
  });
});
