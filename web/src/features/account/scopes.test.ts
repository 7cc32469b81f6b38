import { describe, expect, it } from "vitest";
import { noteOfToken, scopeChoices, scopesInWords } from "./scopes";

const NOW = Date.parse("2026-05-01T12:00:00Z");
const token = { id: "t", name: "Script", scopes: ["play", "read"] as ("play" | "read")[], createdAt: "2026-04-01T00:00:00Z" };

describe("scopes", () => {
  it("let only who manages others give the right to", () => {
    expect(scopeChoices(false).map((choice) => choice.value)).not.toContain("admin");
    expect(scopeChoices(true).map((choice) => choice.value)).toContain("admin");
  });

  it("read in one order", () => expect(scopesInWords(["play", "read"])).toBe("Read, play"));
});

describe("a token's line", () => {
  it("says that nobody has used it", () => expect(noteOfToken(token, NOW)).toBe("Read, play · not used yet"));

  it("says when it was used", () => {
    expect(noteOfToken({ ...token, lastUsedAt: "2026-05-01T11:20:00Z" }, NOW)).toBe("Read, play · last used 40 minutes ago");
  });

  it("says when it ends and that it has", () => {
    expect(noteOfToken({ ...token, expiresAt: "2026-05-02T12:00:00Z" }, NOW)).toMatch(/ · ends .*2026$/);
    expect(noteOfToken({ ...token, expiresAt: "2026-05-01T11:59:59Z" }, NOW)).toMatch(/ · has ended$/);
  });
});
