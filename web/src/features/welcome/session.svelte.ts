/** Who listens in this browser. */

import { ApiError } from "../../api/client";
import type { AccountApi, Me } from "../../api/account";
import type { Acceptance, HouseholdsApi } from "../../api/households";
import type { CredentialJson, ProviderAnswer, SignInsApi } from "../../api/signIns";
import { thisDevice } from "./device";
import type { Errand, Returned } from "./provider";

/**
 * - `starting`: finding out;
 * - `setup`: a fresh server, which wants an owner;
 * - `signed-out`, `signed-in`;
 * - `unreachable`: the server did not answer at start.
 */
export type SessionState = "starting" | "setup" | "signed-out" | "signed-in" | "unreachable";

export class Session {
  state = $state<SessionState>("starting");
  me = $state.raw<Me | null>(null);
  /** Why a listener who was signed in is not any more. */
  notice = $state<string | null>(null);

  /** What this page was opened with by a provider, until that which it is for takes it. */
  returned: (Returned & { errand: Errand }) | null = null;

  /** Called after each sign-in, before the player shows. */
  onEntered: (me: Me) => void = () => undefined;
  onLeft: () => void = () => undefined;

  readonly #account: AccountApi;
  readonly #households: HouseholdsApi;
  readonly #signIns: SignInsApi;

  constructor(account: AccountApi, households: HouseholdsApi, signIns: SignInsApi) {
    this.#account = account;
    this.#households = households;
    this.#signIns = signIns;
  }

  /** Resume the sign-in that the browser's cookie holds, if it does. */
  async start(): Promise<void> {
    this.state = "starting";
    try {
      if (await this.#account.setupNeeded()) {
        this.state = "setup";
      } else if (await this.#account.resume()) {
        await this.#enter();
      } else {
        this.state = "signed-out";
      }
    } catch (error) {
      this.state = error instanceof ApiError && error.status === 401 ? "signed-out" : "unreachable";
    }
  }

  async setUp(username: string, displayName: string, password: string): Promise<void> {
    await this.#account.setUp({ username, displayName, password, device: thisDevice(navigator.userAgent) });
    await this.#enter();
  }

  async signIn(username: string, password: string): Promise<void> {
    await this.#account.signIn({ username, password, device: thisDevice(navigator.userAgent) });
    await this.#enter();
  }

  async signInWithPasskey(credential: CredentialJson): Promise<void> {
    await this.#signIns.signInWithPasskey(credential, thisDevice(navigator.userAgent));
    await this.#enter();
  }

  /** Hand on what a provider sent back. */
  async signInWith(provider: string, answer: ProviderAnswer): Promise<void> {
    await this.#signIns.signInWith(provider, answer, thisDevice(navigator.userAgent));
    await this.#enter();
  }

  /** What a provider sent back for one kind of errand, once. */
  takeReturned(kind: Errand["kind"]): Returned | null {
    const found = this.returned;
    if (found?.errand.kind !== kind) return null;
    this.returned = null;
    return found;
  }

  /** Make the account that an invitation is for, for whom a provider vouches for. */
  async acceptWith({ provider, answer }: Returned, token: string): Promise<void> {
    await this.#households.acceptWith(provider, token, answer, thisDevice(navigator.userAgent));
    await this.#enter();
  }

  /** Make the account that an invitation is for. */
  async accept(acceptance: Acceptance): Promise<void> {
    await this.#households.accept(acceptance);
    await this.#enter();
  }

  async signOut(): Promise<void> {
    await this.#account.signOut().catch(() => undefined);
    this.#leave(null);
  }

  /** The server ended the sign-in: the device was revoked, or it was too long ago. */
  ended(): void {
    if (this.state === "signed-in") this.#leave("You were signed out. Sign in again to go on.");
  }

  async reload(): Promise<void> {
    this.me = await this.#account.me();
  }

  async #enter(): Promise<void> {
    this.me = await this.#account.me();
    this.notice = null;
    this.state = "signed-in";
    this.onEntered(this.me);
  }

  #leave(notice: string | null): void {
    this.me = null;
    this.notice = notice;
    this.state = "signed-out";
    this.onLeft();
  }
}
