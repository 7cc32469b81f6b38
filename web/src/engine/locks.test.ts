import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Clock } from "./clock";
import { Locks, Undecryptable } from "./locks";
import { TransportError, type Grant, type Lease, type Transport } from "./types";

const KID = "00112233445566778899aabbccddeeff";
const KEYS = new TextEncoder().encode('{"keys":[]}').buffer;

/** An element that can be paused and played; it keeps the keys that it is given. */
class Element extends EventTarget {
  paused = false;
  keys: unknown = null;

  setMediaKeys(keys: unknown): Promise<void> {
    this.keys = keys;
    return Promise.resolve();
  }

  play(): void {
    this.paused = false;
    this.dispatchEvent(new Event("play"));
  }
}

/** A session that notes what it is given. */
class Session {
  readonly asked: string[] = [];
  readonly updates: unknown[] = [];
  closed = false;

  generateRequest(_type: string, data: Uint8Array): Promise<void> {
    this.asked.push(new TextDecoder().decode(data));
    return Promise.resolve();
  }

  update(keys: unknown): Promise<void> {
    this.updates.push(keys);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** Time goes on when it is told to. */
class StillClock implements Clock {
  readonly waits: { readonly milliseconds: number; readonly wake: () => void }[] = [];

  now(): number { return 0; }
  wall(): string { return ""; }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => { reject(signal.reason as Error); }, { once: true });
      this.waits.push({ milliseconds, wake: resolve });
    });
  }

  async pass(): Promise<number> {
    const wait = this.waits.shift();
    wait?.wake();
    await settled();
    return wait?.milliseconds ?? -1;
  }
}

let sessions: Session[];
let element: Element;
let clock: StillClock;
let calls: string[];
let answers: { licence: (() => Lease)[]; renew: (() => Lease)[] };
let refusals: { readonly id: string; readonly error: unknown }[];

beforeEach(() => {
  vi.useFakeTimers();
  sessions = [];
  element = new Element();
  clock = new StillClock();
  calls = [];
  answers = { licence: [], renew: [] };
  refusals = [];
  decrypting(true);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Let this browser have Clear Key, or not. */
function decrypting(can: boolean): void {
  const mediaKeys = {
    createSession: (): Session => {
      const session = new Session();
      sessions.push(session);
      return session;
    },
  };
  const access = { createMediaKeys: () => Promise.resolve(mediaKeys) };
  vi.stubGlobal("navigator", can ? { requestMediaKeySystemAccess: () => Promise.resolve(access) } : {});
}

async function settled(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}

function given<T>(answer: (() => T) | undefined, otherwise: T): Promise<T> {
  try {
    return Promise.resolve(answer ? answer() : otherwise);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

function made(): Locks {
  const lease: Lease = { renewInMs: 60_000 };
  const transport = {
    licence: async (url: string, request: string) => {
      calls.push(`licence ${url} ${request}`);
      return { keys: KEYS, lease: await given(answers.licence.shift(), lease) };
    },
    renew: (url: string) => {
      calls.push(`renew ${url}`);
      return given(answers.renew.shift(), lease);
    },
    release: (url: string) => {
      calls.push(`release ${url}`);
      return Promise.resolve();
    },
  } as unknown as Transport;
  const refused = (grant: Grant, error: unknown): void => { refusals.push({ id: grant.id, error }); };
  return new Locks(element as unknown as HTMLMediaElement, {
    transport,
    clock,
    hurry: () => () => undefined,
    refused,
  });
}

function grant(id: string, isProtected = true): Grant {
  return {
    id,
    protection: isProtected ? { scheme: "cbcs", licenceUrl: `/plays/${id}/licence` } : null,
    variants: [{ kid: isProtected ? KID : null }, { kid: isProtected ? KID : null }],
  } as unknown as Grant;
}

function throwing(status: number, code: string): () => never {
  return () => { throw new TransportError(status, code, code); };
}

test("a song's keys are asked for once, by all of its ids, and given to its session", async () => {
  const locks = made();
  locks.keep([grant("a")]);
  locks.keep([grant("a")]);
  await settled();
  const request = '{"kids":["ABEiM0RVZneImaq7zN3u_w"],"type":"temporary"}';
  expect(calls).toEqual([`licence /plays/a/licence ${request}`]);
  expect(sessions.map(({ asked }) => asked)).toEqual([[request]]);
  expect(sessions[0]?.updates).toEqual([KEYS]);
  expect(element.keys).not.toBeNull();
});

test("a song in the clear needs no keys", async () => {
  made().keep([grant("a", false)]);
  await settled();
  expect(calls).toEqual([]);
  expect(sessions).toEqual([]);
});

test("the lease is renewed when it says, and given back a little after the song is left", async () => {
  const locks = made();
  locks.keep([grant("a")]);
  await settled();
  expect(await clock.pass()).toBe(60_000);
  expect(calls.at(-1)).toBe("renew /plays/a/licence");
  locks.keep([]);
  await settled();
  expect(calls.at(-1)).toBe("renew /plays/a/licence");
  await vi.advanceTimersByTimeAsync(1500);
  expect(calls.at(-1)).toBe("release /plays/a/licence");
  expect(sessions[0]?.closed).toBe(true);
  expect(refusals).toEqual([]);
});

test("a renewal that is refused ends the song, says why and stays so until it is forgiven", async () => {
  const locks = made();
  const song = grant("a");
  answers.renew.push(throwing(403, "song_unavailable"));
  locks.keep([song]);
  await settled();
  await clock.pass();
  expect(refusals).toMatchObject([{ id: "a", error: { code: "song_unavailable" } }]);
  expect(locks.refusal(song)).toBe(refusals[0]?.error);
  await vi.advanceTimersByTimeAsync(1500);
  expect(sessions[0]?.closed).toBe(true);
  locks.keep([song]);
  await settled();
  expect(sessions).toHaveLength(1);
  locks.forgive();
  locks.keep([song]);
  await settled();
  expect(sessions).toHaveLength(2);
  expect(locks.refusal(song)).toBeNull();
});

test("a server that is away for a moment ends nothing: the renewal is tried again", async () => {
  answers.renew.push(throwing(0, "unreachable"));
  made().keep([grant("a")]);
  await settled();
  await clock.pass();
  expect(await clock.pass()).toBe(5000);
  expect(calls.filter((call) => call.startsWith("renew"))).toHaveLength(2);
  expect(refusals).toEqual([]);
});

test("a lease that has run out is asked for anew, and may be refused then", async () => {
  answers.renew.push(throwing(409, "licence_ended"), throwing(409, "licence_ended"));
  answers.licence.push(() => ({ renewInMs: 1000 }), () => ({ renewInMs: 2000 }), throwing(409, "too_many_streams"));
  made().keep([grant("a")]);
  await settled();
  expect(await clock.pass()).toBe(1000);
  expect(await clock.pass()).toBe(2000);
  expect(calls.filter((call) => call.startsWith("licence"))).toHaveLength(3);
  expect(refusals).toMatchObject([{ error: { code: "too_many_streams" } }]);
});

test("who is paused renews nothing, and renews as soon as it plays on", async () => {
  made().keep([grant("a")]);
  await settled();
  element.paused = true;
  await clock.pass();
  expect(calls.filter((call) => call.startsWith("renew"))).toEqual([]);
  element.play();
  await settled();
  expect(calls.at(-1)).toBe("renew /plays/a/licence");
});

test("where nothing can be decrypted no licence is taken, and the song says so", async () => {
  decrypting(false);
  const locks = made();
  await locks.ready;
  locks.keep([grant("a")]);
  await settled();
  expect(calls).toEqual([]);
  expect(refusals[0]?.error).toBeInstanceOf(Undecryptable);
});

test("a song that is left before its licence comes keeps no session and gives the lease back", async () => {
  const locks = made();
  locks.keep([grant("a")]);
  locks.keep([]);
  await settled();
  await vi.advanceTimersByTimeAsync(1500);
  expect(sessions.every(({ closed }) => closed)).toBe(true);
  expect(sessions.every(({ updates }) => updates.length === 0)).toBe(true);
  const taken = calls.filter((call) => call.startsWith("licence")).length;
  expect(calls.filter((call) => call.startsWith("release"))).toHaveLength(taken);
  expect(refusals).toEqual([]);
});
