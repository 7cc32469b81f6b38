import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Situation, VoiceApi, VoiceTurn } from "../../api/voice";
import type { Song } from "../../api/types";
import type { Engine, EngineRequest, Listener, Snapshot } from "../../engine";
import type { Collection } from "../library/collection.svelte";
import { Player, playableOf } from "../player/player.svelte";
import type { Preferences } from "../../lib/preferences.svelte";
import type { Router } from "../../lib/router.svelte";
import { Asking } from "./asking.svelte";
import { SleepTimer } from "./sleepTimer";

const song = (id: string): Song => ({
  id,
  type: "songs",
  attributes: { name: `Song ${id}`, artistName: "A", albumName: "B", discNumber: 1, trackNumber: 1, durationInMillis: 60_000 },
});

const turn = (change: Partial<VoiceTurn>): VoiceTurn => ({ id: "t1", outcome: "act", heard: "x", reply: { text: "Done.", ssml: "" }, ...change });

/** A player on an engine that writes down what it is asked, and a server that answers what it is told to. */
function set(...answers: (VoiceTurn | Error)[]) {
  const requests: EngineRequest[] = [];
  const asked: { hypotheses: readonly string[]; situation: Situation }[] = [];
  const abandoned: string[] = [];
  const adopted: unknown[] = [];
  let snapshot = { status: "idle", queue: [], index: -1, song: null, positionMs: 4000, durationMs: 60_000, volume: 0.5, muted: false } as unknown as Snapshot;
  const listeners = new Set<Listener>();
  const engine: Engine = {
    get snapshot() {
      return snapshot;
    },
    dispatch: (request) => void requests.push(request),
    subscribe: (listener) => {
      listeners.add(listener);
      listener(snapshot);
      return () => listeners.delete(listener);
    },
    positionMs: () => snapshot.positionMs,
    look: () => undefined,
    warmUp: () => undefined,
    prefetch: () => undefined,
    destroy: () => undefined,
  };
  const player = new Player(engine);
  const show = (id: string): void => {
    const entry = { ...playableOf(song(id)), key: `k${id}` };
    snapshot = { ...snapshot, status: "playing", queue: [entry], index: 0, song: entry };
    for (const listener of listeners) listener(snapshot);
  };
  const silent: string[] = [];
  const voice = {
    prepare: () => Promise.resolve(),
    silent: (id: string) => {
      silent.push(id);
      return Promise.resolve();
    },
    ask: (hypotheses: readonly string[], situation: Situation) => {
      asked.push({ hypotheses, situation });
      const answer = answers.shift() ?? new Error("no more answers");
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    abandon: (id: string) => {
      abandoned.push(id);
      return Promise.resolve();
    },
  } as unknown as VoiceApi;
  let now = 0;
  const slept: (number | null)[] = [];
  const hands = {
    collection: { load: () => Promise.resolve() } as unknown as Collection,
    player,
    preferences: { adopt: (values: unknown) => void adopted.push(values) } as unknown as Preferences,
    router: {} as Router,
    sleepAfter: (seconds: number | null) => void slept.push(seconds),
  };
  const asking = new Asking(voice, hands, "d", () => now);
  player.onsong = (id) => asking.playingNow(id);
  return { asking, player, requests, asked, abandoned, adopted, silent, slept, show, pass: (ms: number) => void (now += ms) };
}

describe("asking", () => {
  it("sends what was heard with what is playing, and plays the answer", async () => {
    const { asking, asked, requests, player, show } = set(turn({ action: { intent: "play", songs: [song("b"), song("c")] } }));
    player.play([song("a")], 0, { label: "x", path: "/" });
    show("a");
    requests.length = 0;
    await asking.ask([" play b ", ""]);
    expect(asked).toEqual([{ hypotheses: ["play b"], situation: { dialogue: "d", playing: "a" } }]);
    expect(requests).toMatchObject([{ type: "play-queue", items: [{ songId: "b" }, { songId: "c" }] }]);
    expect([asking.text, asking.busy, asking.canUndo]).toEqual(["", false, true]);
  });

  it("asks nothing for no words", async () => {
    const { asking, asked } = set();
    await asking.ask(["  "]);
    expect(asked).toEqual([]);
  });

  it("goes back to what played, where it was, and tells that the answer was left", async () => {
    const { asking, requests, player, show, abandoned } = set(turn({ action: { intent: "play", songs: [song("b")] } }));
    player.play([song("a")], 0, { label: "x", path: "/" });
    show("a");
    await asking.ask(["play b"]);
    show("b");
    requests.length = 0;
    asking.undo();
    expect(requests).toMatchObject([{ type: "play-queue", items: [{ songId: "a" }], positionMs: 4000 }]);
    expect([asking.canUndo, abandoned]).toEqual([false, ["t1"]]);
  });

  it("tells of music that is left within seconds, and not of music that was heard", async () => {
    for (const [ms, told] of [[3000, ["t1"]], [30_000, []]] as const) {
      const { asking, show, abandoned, pass } = set(turn({ action: { intent: "play", songs: [song("b")] } }));
      await asking.ask(["play b"]);
      show("b");
      pass(ms);
      show("z");
      expect(abandoned).toEqual(told);
    }
  });

  it("tells when nothing sounds three seconds after it was said to play", async () => {
    vi.useFakeTimers();
    for (const sounds of [true, false]) {
      const { asking, show, silent } = set(turn({ action: { intent: "play", songs: [song("b")] } }));
      await asking.ask(["play b"]);
      if (sounds) show("b");
      vi.advanceTimersByTime(3000);
      expect(silent).toEqual(sounds ? [] : ["t1"]);
    }
    vi.useRealTimers();
  });

  it("shows choices and says the chosen one by its place", async () => {
    const live = { kind: "song", name: "Hurt", id: "2" } as const;
    const choices = [{ kind: "song", name: "Hurt", id: "1" } as const, live];
    const { asking, asked, requests } = set(turn({ outcome: "choose", choices }), turn({ action: { intent: "play", songs: [song("2")] } }));
    await asking.ask(["play hurt"]);
    expect(requests).toEqual([]);
    await asking.choose(live, 1);
    expect(asked[1]?.hypotheses).toEqual(["the second one"]);
    expect(requests).toMatchObject([{ type: "play-queue", items: [{ songId: "2" }] }]);
  });

  it("does nothing on a refusal, and says why the server cannot be asked", async () => {
    const { asking, requests } = set(turn({ outcome: "refuse", reason: "not-found" }), new Error("It is away."));
    await asking.ask(["play x"]);
    expect([asking.turn?.outcome, requests]).toEqual(["refuse", []]);
    await asking.ask(["play y"]);
    expect([asking.failed, asking.busy]).toEqual(["It is away.", false]);
  });

  it("turns the volume to where and by how much was said, and the preferences", async () => {
    const { asking, requests, adopted, slept } = set(
      turn({ action: { intent: "volume", percent: 80 } }),
      turn({ action: { intent: "volume", percent: -10, relative: true } }),
      turn({ action: { intent: "seek", seconds: -10, relative: true } }),
      turn({ action: { intent: "quality", quality: "lossless" } }),
      turn({ action: { intent: "sleep-timer", seconds: 60 } }),
      turn({ action: { intent: "sleep-timer" } }),
    );
    for (let n = 0; n < 6; n += 1) await asking.ask(["x"]);
    expect(requests).toEqual([{ type: "set-volume", volume: 0.8 }, { type: "set-volume", volume: 0.4 }, { type: "seek", positionMs: 0 }]);
    expect([adopted, slept]).toEqual([[{ quality: "lossless" }], [60, null]]);
  });
});

describe("the sleep timer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("stops the music once, after the latest time that was said", () => {
    const sleep = vi.fn();
    const timer = new SleepTimer(sleep);
    timer.set(10);
    timer.set(60);
    vi.advanceTimersByTime(59_000);
    expect(sleep).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(sleep).toHaveBeenCalledTimes(1);
    timer.set(10);
    timer.set(null);
    vi.advanceTimersByTime(60_000);
    expect(sleep).toHaveBeenCalledTimes(1);
  });
});
