import { describe, expect, it } from "vitest";
import { returnedFrom } from "./provider";

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
