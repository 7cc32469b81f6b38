/** What a listener asks for in words, and what that comes to. */

import type { ApiClient } from "./client";
import type { Song } from "./types";

export interface VoiceItem {
  kind: "song" | "album" | "artist" | "playlist" | "genre";
  name: string;
  id?: string;
  artist?: string;
  version?: string;
}

export interface VoiceAction {
  intent: string;
  item?: VoiceItem;
  songs?: Song[];
  shuffled?: boolean;
  /** A volume 0 to 100, or a change of it. */
  percent?: number;
  /** A position, a step, or the time until sleep. */
  seconds?: number;
  relative?: boolean;
  count?: number;
  quality?: string;
  deviceId?: string;
  playlistId?: string;
}

export interface VoiceTurn {
  id: string;
  outcome: "act" | "confirm" | "choose" | "refuse";
  heard: string;
  reply: { text: string; ssml: string };
  intent?: string;
  slots?: { name: string; text: string; begin: number; end: number }[];
  action?: VoiceAction;
  choices?: VoiceItem[];
  reason?: string;
}

export interface VoiceAlias {
  said: string;
  item: VoiceItem;
  learnedAt: string;
  doubted?: boolean;
}

/** Where the listener is while asking. */
export interface Situation {
  dialogue: string;
  playing?: string | undefined;
}

const VOICE = "/v1/me/voice";

export class VoiceApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async ask(hypotheses: readonly string[], situation: Situation): Promise<VoiceTurn> {
    const body = { hypotheses: hypotheses.map((text) => ({ text })), ...situation };
    return (await this.#client.request<{ data: VoiceTurn }>(VOICE, { method: "POST", body })).data;
  }

  /** Ask with a recording; the server hears it. */
  async hear(sound: Blob, { dialogue, playing }: Situation): Promise<VoiceTurn> {
    const query = new URLSearchParams({ dialogue, ...(playing ? { playing } : {}) });
    return (await this.#client.request<{ data: VoiceTurn }>(`${VOICE}/audio?${query.toString()}`, { method: "POST", raw: sound })).data;
  }

  /** Tell the server that a recording will come, so that it is heard sooner. */
  async prepare(): Promise<void> {
    await this.#client.request(`${VOICE}/prepare`, { method: "POST" });
  }

  async abandon(turnId: string, dialogue: string): Promise<void> {
    await this.#client.request(`${VOICE}/turns/${encodeURIComponent(turnId)}/abandoned`, { method: "POST", body: { dialogue } });
  }

  /** Tell that nothing sounds though a turn said that it plays. */
  async silent(turnId: string): Promise<void> {
    await this.#client.request(`${VOICE}/turns/${encodeURIComponent(turnId)}/silent`, { method: "POST" });
  }

  async aliases(signal?: AbortSignal): Promise<VoiceAlias[]> {
    return (await this.#client.get<{ data: VoiceAlias[] }>(`${VOICE}/aliases`, signal)).data;
  }

  async forget(said: string): Promise<void> {
    await this.#client.request(`${VOICE}/aliases?said=${encodeURIComponent(said)}`, { method: "DELETE" });
  }
}
