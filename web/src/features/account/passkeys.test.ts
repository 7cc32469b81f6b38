import { describe, expect, it } from "vitest";
import { bytesOf, creationOptions, credentialJson, requestOptions, textOf } from "./passkeys";

describe("bytes on the wire", () => {
  it("come back from every length and value", () => {
    for (let length = 0; length < 70; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 37 + length * 91) % 256);
      const text = textOf(bytes.buffer);
      expect(text).toMatch(/^[\w-]*$/);
      expect([...bytesOf(text)]).toEqual([...bytes]);
    }
  });

  it("use the alphabet for addresses", () => expect(textOf(new Uint8Array([251, 255, 190]).buffer)).toBe("-_--"));
});

describe("options", () => {
  it("for making a passkey get bytes where the browser wants them", () => {
    const options = creationOptions({
      rp: { id: "music.example", name: "Antiphon" },
      user: { id: "AQI", name: "kim", displayName: "Kim" },
      challenge: "AwQ",
      pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      excludeCredentials: [{ id: "BQY", type: "public-key" }],
    });
    expect([...(options.user.id as Uint8Array)]).toEqual([1, 2]);
    expect([...(options.challenge as Uint8Array)]).toEqual([3, 4]);
    expect([...(options.excludeCredentials?.[0]?.id as Uint8Array)]).toEqual([5, 6]);
    expect(options.rp.id).toBe("music.example");
  });

  it("for using one name no credential: the device knows which it has", () => {
    const options = requestOptions({ challenge: "AwQ", rpId: "music.example", userVerification: "preferred" });
    expect(options.allowCredentials).toEqual([]);
    expect(options.userVerification).toBe("preferred");
  });
});

describe("a credential", () => {
  it("is told with what its answer has and nothing else", () => {
    const bytes = new Uint8Array([1, 2, 3]).buffer;
    const credential = { id: "AQID", rawId: bytes, type: "public-key", response: { clientDataJSON: bytes, signature: bytes, userHandle: null } };
    expect(credentialJson(credential as unknown as PublicKeyCredential)).toEqual({
      id: "AQID",
      rawId: "AQID",
      type: "public-key",
      response: { clientDataJSON: "AQID", signature: "AQID" },
      clientExtensionResults: {},
    });
  });
});
