/**
 * Keys of encrypted songs for one media element: W3C Clear Key, a session for each song that lies on
 * its timeline, renewed for as long as the song may be heard.
 */

import { CODECS, mimeOf } from "./capabilities";
import type { Clock } from "./clock";
import { isTransient, retrying } from "./retry";
import { TransportError, type Grant, type Lease, type Transport } from "./types";

const KEY_SYSTEM = "org.w3.clearkey";
const ATTEMPTS = 9;
/** A renewal that fails for want of a server is tried again after so long. */
const AGAIN_MS = 5000;
const RELEASE_AFTER_MS = 1500;

/** This browser decrypts nothing here; on plain http none does. */
export class Undecryptable extends Error {
  override readonly name = "Undecryptable";
}

export interface LocksParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly hurry: (wake: () => void) => () => void;
  /** The song of this grant cannot be heard, or no longer. */
  readonly refused: (grant: Grant, error: unknown) => void;
}

export class Locks {
  readonly #element: HTMLMediaElement;
  readonly #parts: LocksParts;
  readonly #open = new Map<string, Lock>();
  readonly #refusals = new Map<string, unknown>();
  readonly #keys: Promise<MediaKeys>;
  /**
   * Resolves when the element can decrypt, or when it is known that it cannot. Before the first song, even
   * one in the clear: an element that has begun without keys never goes over to encrypted data.
   */
  readonly ready: Promise<void>;

  constructor(element: HTMLMediaElement, parts: LocksParts) {
    this.#element = element;
    this.#parts = parts;
    this.#keys = mediaKeys(element);
    this.ready = this.#keys.then(() => undefined, () => undefined);
  }

  /** Why this grant's song cannot be heard; null while nothing is known against it. */
  refusal(grant: Grant): unknown {
    return this.#refusals.get(grant.id) ?? null;
  }

  /** Hold the keys of these grants and of no others. What was refused stays so until `forgive`. */
  keep(grants: readonly Grant[]): void {
    const wanted = new Set(grants.map(({ id }) => id));
    for (const grant of grants) {
      if (grant.protection && !this.#open.has(grant.id) && !this.#refusals.has(grant.id)) this.#unlock(grant);
    }
    for (const [id, lock] of this.#open) {
      if (!wanted.has(id)) {
        this.#open.delete(id);
        lock.close();
      }
    }
  }

  /** Try again what was refused. */
  forgive(): void {
    this.#refusals.clear();
  }

  #unlock(grant: Grant): void {
    const lock = new Lock(grant, this.#element, this.#keys, this.#parts);
    this.#open.set(grant.id, lock);
    lock.done.catch((error: unknown) => {
      if (this.#open.get(grant.id) !== lock) return;
      this.#open.delete(grant.id);
      this.#refusals.set(grant.id, error);
      lock.close();
      this.#parts.refused(grant, error);
    });
  }
}

/** One song's session, from its licence to its release. */
class Lock {
  /** Rejects with the reason when the song may not be heard; never resolves while it may. */
  readonly done: Promise<void>;
  readonly #grant: Grant;
  readonly #element: HTMLMediaElement;
  readonly #parts: LocksParts;
  readonly #closing = new AbortController();
  #session: MediaKeySession | null = null;
  #isLeased = false;

  constructor(grant: Grant, element: HTMLMediaElement, keys: Promise<MediaKeys>, parts: LocksParts) {
    this.#grant = grant;
    this.#element = element;
    this.#parts = parts;
    this.done = this.#run(keys).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) throw error;
    });
  }

  /** Forget the keys and give the lease back; a little later, for what follows is more urgent. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    setTimeout(() => { this.#release(); }, RELEASE_AFTER_MS);
  }

  #release(): void {
    void this.#session?.close().catch(() => undefined);
    const url = this.#grant.protection?.licenceUrl;
    if (this.#isLeased && url) void this.#parts.transport.release(url).catch(() => undefined);
  }

  async #run(keys: Promise<MediaKeys>): Promise<void> {
    const url = this.#grant.protection?.licenceUrl;
    if (!url) throw new Undecryptable();
    const kids = [...new Set(this.#grant.variants.map(({ kid }) => kid).filter((kid) => kid !== null))];
    const request = JSON.stringify({ kids: kids.map(base64url), type: "temporary" });
    const mediaKeys = await keys; // no licence is taken where nothing could be done with it
    // The licence is fetched while the session is made: what its message would ask for is known.
    const [session, licence] = await Promise.all([opened(mediaKeys, request), this.#licence(url, request)]);
    if (this.#closing.signal.aborted) {
      void session.close().catch(() => undefined);
      return;
    }
    this.#session = session;
    await session.update(licence.keys);
    await this.#keepLeased(url, request, licence.lease);
  }

  async #licence(url: string, request: string): Promise<{ keys: ArrayBuffer; lease: Lease }> {
    const answer = await this.#insisting(() => this.#parts.transport.licence(url, request, this.#closing.signal));
    this.#isLeased = true;
    return answer;
  }

  async #keepLeased(url: string, request: string, first: Lease): Promise<void> {
    const { clock, transport } = this.#parts;
    const { signal } = this.#closing;
    for (let lease = first; ; ) {
      await clock.sleep(lease.renewInMs, signal);
      await this.#whilePaused();
      try {
        lease = await transport.renew(url, signal);
      } catch (error) {
        if (isTransient(error)) lease = { renewInMs: AGAIN_MS };
        // After a long pause the lease has run out: it is asked for anew, and may be refused.
        else if (isEnded(error)) lease = (await this.#licence(url, request)).lease;
        else throw error;
      }
    }
  }

  /** A player that is paused holds no stream of the household. */
  #whilePaused(): Promise<void> {
    const { signal } = this.#closing;
    if (!this.#element.paused) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#element.addEventListener("play", () => { resolve(); }, { once: true, signal });
      signal.addEventListener("abort", () => { reject(signal.reason as Error); }, { once: true });
    });
  }

  #insisting<T>(attempt: () => Promise<T>): Promise<T> {
    const { clock, hurry } = this.#parts;
    return retrying(attempt, { clock, hurry, signal: this.#closing.signal, attempts: ATTEMPTS });
  }
}

function isEnded(error: unknown): boolean {
  return error instanceof TransportError && error.code === "licence_ended";
}

async function opened(keys: MediaKeys, request: string): Promise<MediaKeySession> {
  const session = keys.createSession("temporary");
  await session.generateRequest("keyids", new TextEncoder().encode(request));
  return session;
}

/** Have the element decrypt. */
async function mediaKeys(element: HTMLMediaElement): Promise<MediaKeys> {
  // Browsers offer it on secure origins only; the types do not say so.
  const ask = (navigator as Partial<Navigator>).requestMediaKeySystemAccess?.bind(navigator);
  if (!ask) throw new Undecryptable();
  // Of these types the browser picks those that it can decrypt, and fails if there are none.
  const audioCapabilities = CODECS.map((codecs) => ({ contentType: mimeOf(codecs), encryptionScheme: "cbcs" }));
  try {
    const access = await ask(KEY_SYSTEM, [{ initDataTypes: ["keyids"], audioCapabilities }]);
    const keys = await access.createMediaKeys();
    await element.setMediaKeys(keys);
    return keys;
  } catch {
    throw new Undecryptable();
  }
}

function base64url(hex: string): string {
  const bytes = hex.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
