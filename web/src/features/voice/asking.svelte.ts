/** The dialogue of the player: what is asked, what it comes to, and how it is taken back. */

import type { Situation, VoiceApi, VoiceItem, VoiceTurn } from "../../api/voice";
import type { Player, PlayingFrom } from "../player/player.svelte";
import type { Song } from "../../api/types";
import { perform, type Hands } from "./perform";
import { sayChoice } from "./words";

/** What played before a turn changed it. */
interface Before {
  readonly songs: readonly Song[];
  readonly index: number;
  readonly positionMs: number;
  readonly from: PlayingFrom | null;
}

const LEFT_AT_ONCE_MS = 10_000;
const SOUNDS_WITHIN_MS = 3000;
const REPLACES = new Set(["play", "undo"]);

export class Asking {
  /** Told to show the words of the song that plays. */
  onlyrics: () => void = () => undefined;

  text = $state("");
  busy = $state(false);
  turn = $state.raw<VoiceTurn | null>(null);
  failed = $state("");

  #before = $state.raw<Before | null>(null);
  readonly canUndo = $derived(this.#before !== null);
  #begun: { turnId: string; at: number; songs: readonly string[] } | null = null;
  readonly #voice: VoiceApi;
  readonly #hands: Hands;
  readonly #now: () => number;
  readonly #dialogue: string;

  constructor(voice: VoiceApi, hands: Omit<Hands, "showLyrics">, dialogue: string, now: () => number = () => performance.now()) {
    this.#voice = voice;
    this.#hands = { ...hands, showLyrics: () => this.onlyrics() };
    this.#dialogue = dialogue;
    this.#now = now;
  }

  /** Ask what was typed or heard, the best hypothesis first. */
  async ask(hypotheses: readonly string[]): Promise<void> {
    const texts = hypotheses.map((text) => text.trim()).filter((text) => text !== "");
    if (texts.length > 0) await this.#asked((situation) => this.#voice.ask(texts, situation));
  }

  /** A recording is being made: the server may make ready to hear it. */
  prepare(): void {
    void this.#voice.prepare().catch(() => undefined); // then the recording waits
  }

  /** Ask with a recording, which the server hears. */
  hear(sound: Blob): Promise<void> {
    return this.#asked((situation) => this.#voice.hear(sound, situation));
  }

  async #asked(answered: (situation: Situation) => Promise<VoiceTurn>): Promise<void> {
    if (this.busy) return;
    const hands = this.#hands;
    this.busy = true;
    this.failed = "";
    try {
      const turn = await answered({ dialogue: this.#dialogue, playing: hands.player.current?.id });
      this.turn = turn;
      this.text = "";
      if (turn.outcome === "act" && turn.action?.intent === "undo") this.undo();
      else this.#do(turn, hands);
    } catch (error) {
      this.failed = error instanceof Error ? error.message : "That could not be asked.";
    } finally {
      this.busy = false;
    }
  }

  choose(item: VoiceItem, index: number): Promise<void> {
    return this.ask([sayChoice(item, index)]);
  }

  /** Go back to what played before. */
  undo(): void {
    const before = this.#before;
    if (before === null) return;
    this.#before = null;
    const { player } = this.#hands;
    if (before.songs.length === 0) player.stop();
    else player.play(before.songs, before.index, before.from ?? { label: "Before", path: "/" }, before.positionMs);
    this.#tellIfLeft();
  }

  /** Told whenever another song plays, or none: what was left at once was not what was meant. */
  playingNow(songId: string | null): void {
    if (this.#begun !== null && (songId === null || !this.#begun.songs.includes(songId))) this.#tellIfLeft();
  }

  #do(turn: VoiceTurn, hands: Hands): void {
    const intent = turn.action?.intent ?? "";
    if (turn.outcome === "act" && REPLACES.has(intent) && turn.action?.songs) {
      this.#before = beforeOf(hands.player);
      this.#begun = { turnId: turn.id, at: this.#now(), songs: turn.action.songs.map((song) => song.id) };
    }
    perform(turn, hands);
    if (turn.outcome === "act" && intent === "play" && turn.action?.songs) this.#listenFor(turn.id, hands.player);
  }

  /** Whoever hears nothing should not be the only one to notice. */
  #listenFor(turnId: string, player: Player): void {
    setTimeout(() => {
      if (this.turn?.id !== turnId || player.snapshot.status === "playing" || player.snapshot.status === "paused") return;
      void this.#voice.silent(turnId).catch(() => undefined);
    }, SOUNDS_WITHIN_MS);
  }

  #tellIfLeft(): void {
    const begun = this.#begun;
    this.#begun = null;
    if (begun !== null && this.#now() - begun.at < LEFT_AT_ONCE_MS) {
      void this.#voice.abandon(begun.turnId, this.#dialogue).catch(() => undefined);
    }
  }
}

function beforeOf(player: Player): Before {
  const { queue, index } = player.snapshot;
  const songs = queue.map((entry) => player.songOf(entry)).filter((song) => song !== undefined);
  return { songs, index: Math.max(index, 0), positionMs: player.positionNow(), from: player.from };
}
