/** Who lives together: users and children, invitations, the households of the installation. */

import type { Device, User } from "./account";
import type { ApiClient, Tokens } from "./client";
import type { CreationOptions, CredentialJson, ProviderAnswer } from "./signIns";
import type { Listing } from "./types";

export interface Household {
  id: string;
  name: string;
}

export interface HouseholdSummary extends Household {
  founding: boolean;
  heads: string[];
  members: number;
}

/** On what terms a household listens: where, on which plan, with or without the owner's library. */
export interface Terms {
  storefront: string;
  model: string;
  plan: "individual" | "family";
  sharesLibrary: boolean;
}

export interface NewUser {
  username: string;
  displayName: string;
  password: string;
  isChild: boolean;
  allowsExplicit: boolean;
}

export interface UserChange {
  displayName?: string;
  isChild?: boolean;
  allowsExplicit?: boolean;
  password?: string;
}

export interface InvitationWish {
  newHousehold?: string;
  isChild?: boolean;
  allowsExplicit?: boolean;
  hours?: number;
}

export interface Invitation {
  id: string;
  newHousehold: string;
  isChild?: boolean;
  expiresAt: string;
  /** The secret of the link: told once, when it is made. */
  token?: string;
}

export interface Invited {
  household: string;
  isNew: boolean;
  isChild: boolean;
  expiresAt: string;
}

export interface Acceptance {
  token: string;
  username: string;
  displayName: string;
  device: Device;
  password?: string;
  credential?: CredentialJson;
}

export class HouseholdsApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  own(signal?: AbortSignal): Promise<Household> {
    return this.#client.get<Household>("/v1/household", signal);
  }

  rename(name: string): Promise<Household> {
    return this.#client.request<Household>("/v1/household", { method: "PATCH", body: { name } });
  }

  async users(signal?: AbortSignal): Promise<User[]> {
    return (await this.#client.get<Listing<User>>("/v1/users", signal)).data;
  }

  addUser(user: NewUser): Promise<User> {
    return this.#client.request<User>("/v1/users", { method: "POST", body: user });
  }

  changeUser(id: string, change: UserChange): Promise<User> {
    return this.#client.request<User>(`/v1/users/${id}`, { method: "PATCH", body: change });
  }

  async removeUser(id: string): Promise<void> {
    await this.#client.request(`/v1/users/${id}`, { method: "DELETE" });
  }

  async invitations(signal?: AbortSignal): Promise<Invitation[]> {
    return (await this.#client.get<Listing<Invitation>>("/v1/invitations", signal)).data;
  }

  invite(wish: InvitationWish): Promise<Invitation> {
    return this.#client.request<Invitation>("/v1/invitations", { method: "POST", body: wish });
  }

  async withdraw(id: string): Promise<void> {
    await this.#client.request(`/v1/invitations/${id}`, { method: "DELETE" });
  }

  async households(signal?: AbortSignal): Promise<HouseholdSummary[]> {
    return (await this.#client.get<Listing<HouseholdSummary>>("/v1/households", signal)).data;
  }

  async removeHousehold(id: string): Promise<void> {
    await this.#client.request(`/v1/households/${id}`, { method: "DELETE" });
  }

  async storefronts(signal?: AbortSignal): Promise<string[]> {
    return (await this.#client.get<Listing<string>>("/v1/rights/storefronts", signal)).data;
  }

  terms(id: string, signal?: AbortSignal): Promise<Terms> {
    return this.#client.get<Terms>(`/v1/rights/households/${id}/terms`, signal);
  }

  changeTerms(id: string, terms: Terms): Promise<Terms> {
    return this.#client.request<Terms>(`/v1/rights/households/${id}/terms`, { method: "PUT", body: terms });
  }

  look(token: string): Promise<Invited> {
    return this.#anonymously("/v1/invitations/look", { token });
  }

  offerPasskey(token: string, username: string, displayName: string): Promise<CreationOptions> {
    return this.#anonymously("/v1/invitations/passkey", { token, username, displayName });
  }

  async accept(acceptance: Acceptance): Promise<void> {
    this.#client.adopt(await this.#anonymously<Tokens>("/v1/invitations/accept", acceptance));
  }

  /** Where to send the browser of somebody invited who signs in by way of a provider. */
  async beginWith(provider: string, token: string): Promise<string> {
    const path = `/v1/invitations/openid/${encodeURIComponent(provider)}/begin`;
    return (await this.#anonymously<{ url: string }>(path, { token })).url;
  }

  async acceptWith(provider: string, token: string, answer: ProviderAnswer, device: Device): Promise<void> {
    const path = `/v1/invitations/openid/${encodeURIComponent(provider)}`;
    this.#client.adopt(await this.#anonymously<Tokens>(path, { ...answer, token, device }));
  }

  #anonymously<T>(path: string, body: unknown): Promise<T> {
    return this.#client.request<T>(path, { method: "POST", body, anonymous: true });
  }
}
