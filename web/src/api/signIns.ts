/** Ways in: passkeys, linked sign-ins and API tokens of the listener's account. */

import type { Device } from "./account";
import type { ApiClient, Tokens } from "./client";
import type { Listing } from "./types";

export interface Passkey {
  id: string;
  name: string;
  createdAt: string;
  lastUsedAt: string | null;
  /** Kept by the maker's cloud, so not lost with the device. */
  synced: boolean;
}

export type ApiScope = "read" | "play" | "library" | "admin" | "subsonic";

export interface ApiToken {
  id: string;
  name: string;
  scopes: ApiScope[];
  createdAt: string;
  expiresAt?: string;
  lastUsedAt?: string;
  /** The token itself: told once, when it is made. */
  token?: string;
}

export interface ApiTokenWish {
  name: string;
  scopes: ApiScope[];
  days: number | null;
  password?: string;
}

/** The standard's JSON, as the server sends and takes it. */
export type CreationOptions = PublicKeyCredentialCreationOptionsJSON;
export type RequestOptions = PublicKeyCredentialRequestOptionsJSON;
export type CredentialJson = Record<string, unknown>;

/** A provider by way of which one can sign in. */
export interface SignInMethod {
  id: string;
  name: string;
  style: "standard" | "apple";
}

/** A person of a provider whose sign-in opens the listener's account. */
export interface LinkedSignIn {
  id: string;
  provider: string;
  shownAs: string;
  linkedAt: string;
}

/** What a provider sent back in the address of the page. */
export interface ProviderAnswer {
  state: string;
  code?: string;
  iss?: string;
  error?: string;
  user?: string;
}

export class SignInsApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async passkeys(signal?: AbortSignal): Promise<Passkey[]> {
    return (await this.#client.get<Listing<Passkey>>("/v1/me/passkeys", signal)).data;
  }

  offerPasskey(password?: string): Promise<CreationOptions> {
    return this.#post("/v1/me/passkeys/options", password === undefined ? {} : { password });
  }

  addPasskey(credential: CredentialJson, name: string): Promise<Passkey> {
    return this.#post("/v1/me/passkeys", { credential, name });
  }

  async removePasskey(id: string): Promise<void> {
    await this.#client.request(`/v1/me/passkeys/${id}`, { method: "DELETE" });
  }

  askForPasskey(signal?: AbortSignal): Promise<RequestOptions> {
    return this.#client.request("/v1/sign-in/passkey/options", {
      method: "POST",
      anonymous: true,
      ...(signal ? { signal } : {}),
    });
  }

  async signInWithPasskey(credential: CredentialJson, device: Device): Promise<void> {
    const body = { credential, device };
    this.#client.adopt(
      await this.#client.request<Tokens>("/v1/sign-in/passkey", { method: "POST", body, anonymous: true }),
    );
  }

  async methods(signal?: AbortSignal): Promise<SignInMethod[]> {
    const options = { anonymous: true, ...(signal ? { signal } : {}) };
    return (await this.#client.request<Listing<SignInMethod>>("/v1/sign-in/methods", options)).data;
  }

  /** Where to send the browser; a cookie binds the sign-in to it. */
  async beginWith(provider: string): Promise<string> {
    const path = `/v1/sign-in/openid/${encodeURIComponent(provider)}/begin`;
    return (await this.#client.request<{ url: string }>(path, { method: "POST", anonymous: true })).url;
  }

  async signInWith(provider: string, answer: ProviderAnswer, device: Device): Promise<void> {
    const path = `/v1/sign-in/openid/${encodeURIComponent(provider)}`;
    const body = { ...answer, device };
    this.#client.adopt(await this.#client.request<Tokens>(path, { method: "POST", body, anonymous: true }));
  }

  async links(signal?: AbortSignal): Promise<LinkedSignIn[]> {
    return (await this.#client.get<Listing<LinkedSignIn>>("/v1/me/openid", signal)).data;
  }

  /** Where to send the browser to link a sign-in. */
  async beginLinking(provider: string, password?: string): Promise<string> {
    const path = `/v1/me/openid/${encodeURIComponent(provider)}/begin`;
    return (await this.#post<{ url: string }>(path, password === undefined ? {} : { password })).url;
  }

  link(provider: string, answer: ProviderAnswer): Promise<LinkedSignIn> {
    return this.#post(`/v1/me/openid/${encodeURIComponent(provider)}`, answer);
  }

  async unlink(id: string): Promise<void> {
    await this.#client.request(`/v1/me/openid/links/${id}`, { method: "DELETE" });
  }

  async tokens(signal?: AbortSignal): Promise<ApiToken[]> {
    return (await this.#client.get<Listing<ApiToken>>("/v1/me/api-tokens", signal)).data;
  }

  createToken(wish: ApiTokenWish): Promise<ApiToken> {
    return this.#post("/v1/me/api-tokens", wish);
  }

  async revokeToken(id: string): Promise<void> {
    await this.#client.request(`/v1/me/api-tokens/${id}`, { method: "DELETE" });
  }

  #post<T>(path: string, body: unknown): Promise<T> {
    return this.#client.request<T>(path, { method: "POST", body });
  }
}
