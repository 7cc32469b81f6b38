import { describe, expect, it } from "vitest";
import { thisDevice } from "./device";
import { faultsOf } from "./rules";

const good = { username: "robin", password: "long enough", displayName: "Robin", again: "long enough" };

describe("a new account", () => {
  it("has no faults when all is filled in", () => expect(faultsOf(good, true)).toEqual({}));

  it.each([
    ["username", { username: "  " }],
    ["username", { username: "two words" }],
    ["username", { username: "a/b" }],
    ["password", { password: "short", again: "short" }],
    ["displayName", { displayName: "" }],
    ["again", { again: "something else" }],
  ])("names the fault in %s", (field, change) => {
    expect(Object.keys(faultsOf({ ...good, ...change }, true))).toEqual([field]);
  });

  it("counts characters, not code units, of a password", () => {
    expect(faultsOf({ ...good, password: "🎶🎶🎶🎶", again: "🎶🎶🎶🎶" }, true)).toHaveProperty("password");
  });
});

describe("signing in", () => {
  it("asks only that something is there", () => {
    expect(faultsOf({ username: "a b", password: "x", displayName: "", again: "" }, false)).toEqual({});
    expect(Object.keys(faultsOf({ ...good, username: "", password: "" }, false))).toEqual(["username", "password"]);
  });
});

describe("the name of a device", () => {
  it.each([
    ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.4 Safari/605.1.15", "Safari on Mac"],
    ["Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", "Chrome on Android"],
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"],
    ["curl/8", "Browser"],
  ])("%s", (userAgent, name) => expect(thisDevice(userAgent)).toEqual({ name, kind: "web" }));
});
