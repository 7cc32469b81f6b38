import { describe, expect, it } from "vitest";
import { pageFor, rememberErrand, returnedFrom, takeErrand } from "./provider";

describe("what a provider sent back", () => {
  it("is read from the address", () => {
    expect(returnedFrom("/sign-in/openid/home", "?state=s&code=c&iss=https%3A%2F%2Fa.example")).toEqual({
      provider: "home",
      answer: { state: "s", code: "c", iss: "https://a.example" },
    });
  });

  it("is nothing on any other page", () => {
    for (const path of ["/", "/sign-in/openid/", "/sign-in/openid/a/b", "/sign-in/openid/..%2Fx", "/albums/openid"]) {
      expect(returnedFrom(path, "?state=s&code=c")).toBeNull();
    }
  });

  it("leaves out what is too long", () => {
    expect(returnedFrom("/sign-in/openid/home", `?state=s&code=${"x".repeat(5000)}`)?.answer).toEqual({ state: "s" });
  });
});

describe("what a browser went to a provider for", () => {
  const tab = (): Storage => {
    const kept = new Map<string, string>();
    return {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    } as unknown as Storage;
  };
  const url = "https://id.example/auth?client_id=a&state=s1";

  it("is known once, by the state of the answer", () => {
    const storage = tab();
    rememberErrand(url, { kind: "invitation", token: "a.b" }, storage);
    expect(takeErrand("s1", storage)).toEqual({ kind: "invitation", token: "a.b" });
    expect(takeErrand("s1", storage)).toEqual({ kind: "sign-in" });
  });

  it("is to sign in where the answer is to something else, or nothing proper is kept", () => {
    const storage = tab();
    rememberErrand(url, { kind: "link" }, storage);
    expect(takeErrand("s2", storage)).toEqual({ kind: "sign-in" });
    for (const kept of ["{", "null", "7", '{"state":"s1"}', '{"state":"s1","errand":{"kind":"invitation"}}']) {
      storage.setItem("antiphon.openid", kept);
      expect(takeErrand("s1", storage)).toEqual({ kind: "sign-in" });
    }
  });

  it("goes on at its own page", () => {
    expect(pageFor({ kind: "link" })).toBe("/settings/sign-ins");
    expect(pageFor({ kind: "invitation", token: "a.b" })).toBe("/invitation#a.b");
    expect(pageFor({ kind: "sign-in" })).toBe("/");
  });
});
