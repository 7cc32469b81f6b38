import { describe, expect, it } from "vitest";
import type { Song } from "../../api/types";
import type { Engine, EngineRequest, Listener, Snapshot } from "../../engine";
import { Player, playableOf } from "./player.svelte";

const song = (id: string): Song => ({
  id,
  type: "songs",
  attributes: { name: `Song ${id}`, artistName: "A", albumName: "B", discNumber: 1, trackNumber: 2, durationInMillis: 60_000 },
  relationships: { albums: { data: [{ id: "al", type: "albums" }] } },
});

/** Writes down what it is asked, and shows the snapshots it is told to. */
function recorder(): { engine: Engine; asked: EngineRequest[]; show: (change: Partial<Snapshot>) => void } {
  const asked: EngineRequest[] = [];
  const listeners = new Set<Listener>();
  let snapshot = { status: "idle", queue: [], index: -1, song: null, positionMs: 0, durationMs: 60_000, volume: 0.98, muted: false, repeat: "off", shuffle: false } as unknown as Snapshot;
  const engine: Engine = {
    get snapshot() {
      return snapshot;
    },
    dispatch: (request) => void asked.push(request),
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
  const show = (change: Partial<Snapshot>): void => {
    snapshot = { ...snapshot, ...change };
    for (const listener of listeners) listener(snapshot);
  };
  return { engine, asked, show };
}

const entry = (id: string): Snapshot["queue"][number] => ({ ...playableOf(song(id)), key: `k${id}` });
const from = { label: "x", path: "/" };

describe("the player", () => {
  it("knows the whole song behind the engine's entry", () => {
    const { engine, show } = recorder();
    const player = new Player(engine);
    player.play([song("a"), song("b")], 1, from);
    show({ song: entry("b"), queue: [entry("a"), entry("b")], index: 1, status: "playing" });
    expect([player.current?.attributes.name, player.playing, player.from]).toEqual(["Song b", true, from]);
  });

  it("passes over songs that may not be heard, and says why when there are only such", () => {
    const { engine, asked } = recorder();
    const player = new Player(engine);
    const told: string[] = [];
    player.onwithheld = (detail) => void told.push(detail);
    const closed = song("x");
    closed.attributes.availability = { reason: "territory", detail: "Not in your country." };
    player.play([song("a"), closed, song("b")], 1, from, 5000);
    expect(asked).toMatchObject([{ type: "play-queue", startIndex: 1, positionMs: 0, items: [{ songId: "a" }, { songId: "b" }] }]);
    player.play([closed], 0, from);
    player.playNext([closed]);
    player.enqueue([closed]);
    expect([asked.length, told]).toEqual([1, Array.from({ length: 3 }, () => "Not in your country.")]);
  });

  it("asks for nothing when there is nothing to play", () => {
    const { engine, asked } = recorder();
    new Player(engine).play([], 0, from);
    expect(asked).toEqual([]);
  });

  it("fills an empty queue and waits, where one asked only to add", () => {
    const { engine, asked } = recorder();
    new Player(engine).enqueue([song("a")]);
    expect(asked).toMatchObject([{ type: "play-queue", autoplay: false }]);
  });

  it("adds to a queue that is there", () => {
    const { engine, asked, show } = recorder();
    const player = new Player(engine);
    show({ queue: [entry("a")], index: 0, song: entry("a") });
    player.playNext([song("b")]);
    player.enqueue([song("c")]);
    expect(asked.map(({ type }) => type)).toEqual(["play-next", "enqueue"]);
  });

  it("shows the held position while the scrubber is held, and the engine's afterwards", () => {
    const { engine, asked, show } = recorder();
    const player = new Player(engine);
    show({ positionMs: 5000 });
    player.held = 42_000;
    expect([player.position, player.positionNow()]).toEqual([42_000, 42_000]);
    player.seek(42_000);
    expect([player.position, asked]).toEqual([5000, [{ type: "seek", positionMs: 42_000 }]]);
  });

  it("never seeks past the ends and never turns up past the top", () => {
    const { engine, asked, show } = recorder();
    const player = new Player(engine);
    show({ positionMs: 4000 });
    player.seekBy(-1);
    show({ positionMs: 59_000 });
    player.seekBy(1);
    player.louder(1);
    expect(asked).toEqual([
      { type: "seek", positionMs: 0 },
      { type: "seek", positionMs: 60_000 },
      { type: "set-volume", volume: 1 },
    ]);
  });

  it("is heard again when the volume is set while muted", () => {
    const { engine, asked, show } = recorder();
    const player = new Player(engine);
    show({ muted: true });
    player.setVolume(0.5);
    expect(asked).toEqual([
      { type: "set-muted", muted: false },
      { type: "set-volume", volume: 0.5 },
    ]);
  });

  it("goes round off, all, one with repeat", () => {
    const { engine, asked, show } = recorder();
    const player = new Player(engine);
    for (const repeat of ["off", "all", "one"] as const) {
      show({ repeat });
      player.cycleRepeat();
    }
    expect(asked.map((request) => ("repeat" in request ? request.repeat : null))).toEqual(["all", "one", "off"]);
  });
});
