/** Passkeys in this browser: the standard's JSON to and from what `navigator.credentials` takes. */

import type { CreationOptions, CredentialJson, RequestOptions } from "../../api/signIns";

/** Whether this page may use passkeys: browsers want a secure context and a host name. */
export function passkeysPossible(view: Pick<Window, "isSecureContext" | "location"> = window): boolean {
  return "PublicKeyCredential" in globalThis && view.isSecureContext && !isAddress(view.location.hostname);
}

/** Whether the browser can offer passkeys in the user name field. */
export async function passkeysInForms(): Promise<boolean> {
  if (!passkeysPossible() || !("isConditionalMediationAvailable" in PublicKeyCredential)) return false;
  return PublicKeyCredential.isConditionalMediationAvailable();
}

/** Have a passkey made; null where the listener changed their mind. */
export async function makePasskey(options: CreationOptions): Promise<CredentialJson | null> {
  return ceremony(() => navigator.credentials.create({ publicKey: creationOptions(options) }));
}

/** Have a passkey answer; null where the listener changed their mind. */
export async function usePasskey(
  options: RequestOptions,
  { inForm = false, signal }: { inForm?: boolean; signal?: AbortSignal } = {},
): Promise<CredentialJson | null> {
  return ceremony(() =>
    navigator.credentials.get({
      publicKey: requestOptions(options),
      ...(inForm ? { mediation: "conditional" as const } : {}),
      ...(signal ? { signal } : {}),
    }),
  );
}

async function ceremony(run: () => Promise<Credential | null>): Promise<CredentialJson | null> {
  try {
    const credential = await run();
    return credential === null ? null : credentialJson(credential as PublicKeyCredential);
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "AbortError") return null;
    if (name === "InvalidStateError") throw new Error("This device has a passkey for your account already.");
    if (name === "SecurityError") throw new Error("Passkeys belong to another address of this server.");
    throw error;
  }
}

// The server asks for no extensions, whose JSON would have to be converted as well.
export function creationOptions(json: CreationOptions): PublicKeyCredentialCreationOptions {
  return {
    ...json,
    challenge: bytesOf(json.challenge),
    user: { ...json.user, id: bytesOf(json.user.id) },
    excludeCredentials: (json.excludeCredentials ?? []).map(descriptor),
  } as unknown as PublicKeyCredentialCreationOptions;
}

export function requestOptions(json: RequestOptions): PublicKeyCredentialRequestOptions {
  return {
    ...json,
    challenge: bytesOf(json.challenge),
    allowCredentials: (json.allowCredentials ?? []).map(descriptor),
  } as unknown as PublicKeyCredentialRequestOptions;
}

function descriptor({ id, type }: { id: string; type: string }): PublicKeyCredentialDescriptor {
  return { id: bytesOf(id), type: type as PublicKeyCredentialType };
}

/** What the server takes of a credential; both answers, made and used, in one shape. */
export function credentialJson(credential: PublicKeyCredential): CredentialJson {
  const answer = credential.response as Partial<AuthenticatorAttestationResponse & AuthenticatorAssertionResponse>;
  const response: Record<string, unknown> = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"] as const) {
    const bytes = answer[name];
    if (bytes) response[name] = textOf(bytes);
  }
  return {
    id: credential.id,
    rawId: textOf(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: {},
  };
}

/** Base64url without padding (RFC 4648, 5) as bytes. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

/** Bytes as base64url without padding. */
export function textOf(bytes: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(":") || host.startsWith("[");
}
