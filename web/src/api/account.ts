/** Signing in, the listener's own data, devices, the household's users, imports. */

import type { Normalisation, Quality } from "../engine";
import type { ApiClient, Tokens } from "./client";
import type { Listing, Resource } from "./types";

export interface Device {
  name: string;
  kind: string;
}

export interface Credentials {
  username: string;
  password: string;
  device: Device;
}

export interface ServerPreferences {
  quality: Quality;
  normalisation: Normalisation;
  theme: "system" | "dark" | "light";
}

/** The owner runs the installation, a head a household of their own, a member nothing. */
export type Role = "owner" | "head" | "member";

export interface Me {
  id: string;
  username: string;
  displayName: string;
  role: Role;
  isChild: boolean;
  allowsExplicit: boolean;
  hasPassword: boolean;
  preferences: ServerPreferences;
}

export interface SignedInDevice {
  id: string;
  name: string;
  kind: string;
  lastSeenAt: string | null;
  current: boolean;
}

export interface User {
  id: string;
  username: string;
  displayName: string;
  role: Role;
  isChild: boolean;
  allowsExplicit: boolean;
}

export interface ImportAttributes {
  phase: string;
  /** Grows while folders are walked; `done` follows it. */
  found?: number;
  done?: number;
  added?: number;
  changed?: number;
  moved?: number;
  removed?: number;
  failed?: number;
  folder?: string;
  startedAt?: string;
  finishedAt?: string;
}

export type Import = Resource<"imports", ImportAttributes>;

export interface ImportFailure {
  path: string;
  reason: string;
}

export class AccountApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async setupNeeded(): Promise<boolean> {
    return (await this.#client.request<{ needed: boolean }>("/v1/setup", { anonymous: true })).needed;
  }

  async setUp(credentials: Credentials & { displayName: string }): Promise<void> {
    await this.#adoptFrom("/v1/setup", credentials);
  }

  async signIn(credentials: Credentials): Promise<void> {
    await this.#adoptFrom("/v1/sign-in", credentials);
  }

  async resume(): Promise<boolean> {
    return (await this.#client.refresh()) !== null;
  }

  async signOut(): Promise<void> {
    await this.#client.request("/v1/sign-out", { method: "POST", body: {} });
    this.#client.adopt(null);
  }
  async me(): Promise<Me> {
    return this.#client.get<Me>("/v1/me");
  }

  async keepPreferences(preferences: ServerPreferences): Promise<void> {
    await this.#client.request("/v1/me", { method: "PATCH", body: { preferences } });
  }

  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    await this.#client.request("/v1/me/password", { method: "POST", body: { currentPassword, newPassword } });
  }

  async devices(signal?: AbortSignal): Promise<SignedInDevice[]> {
    return (await this.#client.get<Listing<SignedInDevice>>("/v1/me/devices", signal)).data;
  }

  async revokeDevice(id: string): Promise<void> {
    await this.#client.request(`/v1/me/devices/${id}`, { method: "DELETE" });
  }

  /** The import that runs or ran last. */
  async currentImport(): Promise<Import | null> {
    return (await this.#client.get<Listing<Import>>("/v1/imports")).data[0] ?? null;
  }

  async importFailures(limit: number): Promise<Listing<ImportFailure>> {
    return this.#client.get<Listing<ImportFailure>>(`/v1/imports/failures?limit=${limit}`);
  }

  async startImport(): Promise<void> {
    await this.#client.request("/v1/imports", { method: "POST" });
  }

  async cancelImport(id: string): Promise<void> {
    await this.#client.request(`/v1/imports/${id}`, { method: "DELETE" });
  }

  async #adoptFrom(path: string, body: unknown): Promise<void> {
    this.#client.adopt(await this.#client.request<Tokens>(path, { method: "POST", body, anonymous: true }));
  }
}
