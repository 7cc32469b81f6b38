import { describe, expect, it } from "vitest";
import { DEFAULTS, parsePreferences } from "./preferences.svelte";

describe("stored preferences", () => {
  it("come back as they were", () => {
    const values = { theme: "light", quality: "high", spatial: "off", normalisation: "off", crossfadeSeconds: 4, volume: 0.3 };
    expect(parsePreferences(JSON.stringify(values))).toEqual(values);
  });

  it.each([null, "", "{", "[]", "null", "7", '{"theme":"pink","volume":7,"crossfadeSeconds":"4","quality":null}'])(
    "that are damaged (%s) are the defaults",
    (stored) => expect(parsePreferences(stored)).toEqual(DEFAULTS),
  );
});
