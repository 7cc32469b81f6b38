import { describe, expect, it } from "vitest";
import type { User } from "../../api/account";
import { markOf, noteOf } from "./people";

const kim: User = { id: "k", username: "kim", displayName: "Kim", role: "member", isChild: false, allowsExplicit: true };

describe("somebody of the household", () => {
  it("has no mark when there is nothing to say", () => expect(markOf(kim, "me")).toBeUndefined());

  it("is marked by all that holds", () => {
    expect(markOf({ ...kim, role: "owner" }, "k")).toBe("You · Owner");
    expect(markOf({ ...kim, isChild: true }, "me")).toBe("Child");
    expect(markOf({ ...kim, role: "head" }, undefined)).toBe("Head");
  });

  it("says what is not heard", () => {
    expect(noteOf(kim)).toBe("kim");
    expect(noteOf({ ...kim, allowsExplicit: false })).toBe("kim · hears no explicit songs");
  });
});
