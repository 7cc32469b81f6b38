import { describe, expect, it } from "vitest";
import { commandOf, SHORTCUTS } from "./shortcuts";

const nowhere = { typing: false, pressable: false, arrows: false };
const key = (name: string, modifiers: Partial<Record<"altKey" | "ctrlKey" | "metaKey", boolean>> = {}) => ({
  key: name,
  altKey: false,
  ctrlKey: false,
  metaKey: false,
  ...modifiers,
});

describe("shortcuts", () => {
  it.each([
    [" ", "toggle"],
    ["K", "toggle"],
    ["n", "next"],
    ["p", "previous"],
    ["ArrowRight", "forward"],
    ["/", "search"],
    ["?", "help"],
    ["x", null],
    ["Enter", null],
  ])("%s means %s", (name, command) => expect(commandOf(key(name), nowhere)).toBe(command));

  it("leave text fields alone", () => {
    for (const { keys } of SHORTCUTS) {
      for (const name of keys) expect(commandOf(key(name), { ...nowhere, typing: true })).toBeNull();
    }
  });

  it("leave the browser's own combinations alone", () => {
    for (const modifier of ["altKey", "ctrlKey", "metaKey"] as const) {
      expect(commandOf(key("f", { [modifier]: true }), nowhere)).toBeNull();
    }
  });

  it("leave a button its space bar and a slider its arrows, but nothing else", () => {
    expect(commandOf(key(" "), { ...nowhere, pressable: true })).toBeNull();
    expect(commandOf(key("k"), { ...nowhere, pressable: true })).toBe("toggle");
    expect(commandOf(key("ArrowUp"), { ...nowhere, arrows: true })).toBeNull();
    expect(commandOf(key("n"), { ...nowhere, arrows: true })).toBe("next");
  });

  it("give no key two meanings", () => {
    const keys = SHORTCUTS.flatMap((one) => one.keys);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
