/** What labels delivered, what their deals say, what is owed: for the owner. */

import type { ApiClient } from "./client";
import type { Listing } from "./types";

export type Outcome = "accepted" | "purged" | "unchanged" | "tested" | "refused";

export interface Delivery {
  id: string;
  receivedAt: string;
  folder: string;
  outcome: Outcome;
  messages: readonly string[];
  releases: readonly string[];
  /** Of the releases; none of old deliveries. */
  titles: readonly string[];
  /** As sentences. */
  faults: readonly string[];
  notes: readonly string[];
}

/** A broken rule: which, in which element, on which line (0: in no message), and what to do. */
export interface Fault {
  rule: string;
  path: string;
  line: number;
  detail: string;
}

export interface DeliveryDetail extends Delivery {
  senders: readonly string[];
  found: readonly Fault[];
  delivered: readonly { key: string; title: string; songIds: readonly string[]; isPurged: boolean }[];
}

export interface Deal {
  territories: readonly string[];
  excluded?: readonly string[];
  uses: readonly string[];
  models: readonly string[];
  start?: string;
  end?: string;
  previewFrom?: string;
  isPreorder?: boolean;
  isExclusive?: boolean;
  isTakenDown?: boolean;
  /** The standard's words for uses that open nothing here. */
  otherUses?: readonly string[];
  /** Services, by party id, that alone it is for, and such as it is not for. */
  channels?: readonly string[];
  excludedChannels?: readonly string[];
  /** Terms that cannot be kept here. */
  limits?: readonly string[];
  /** There, and false, where the deal opens nothing here at all. */
  opensHere?: boolean;
}

export interface Words {
  value: string;
  territory: string;
  language?: string;
}

export interface Party {
  name: string;
  role?: string;
  partyId?: string;
}

/** What a label says of a song; hardly anything of one that none delivered. */
export interface SongFacts {
  songId: string;
  titles?: readonly Words[];
  releaseTitles?: readonly Words[];
  artists?: readonly Party[];
  contributors?: readonly Party[];
  works?: readonly string[];
  labels?: readonly string[];
  pLine?: { year: string; text: string };
  cLine?: { year: string; text: string };
  language?: string;
}

export interface SongDeals {
  songId: string;
  deals: readonly Deal[];
  sender?: string;
  senderName?: string;
  changedAt?: string;
}

export interface Place {
  country: string;
  allowed: boolean;
  reason: string;
  until?: string;
}

export interface Month {
  period: string;
  closedAt: string | null;
  hasMoney: boolean;
}

export interface Share {
  name: string;
  plays: number;
  heardMs: number;
  /** Millionths of the currency. */
  micros: number;
}

export interface Statement extends Month {
  currency: string;
  holders: readonly Share[];
  territories: readonly Share[];
  tiers: readonly Share[];
  refused: Readonly<Record<string, number>>;
}

export interface Pool {
  territory: string;
  tier: string;
  revenueMicros: number;
  shareMillionths: number;
}

export interface Rate {
  holder: string;
  microsPerPlay: number;
  territory: string;
  tier: string;
}

export interface Money {
  currency: string;
  senderId: string;
  senderName: string;
  pools: readonly Pool[];
  rates: readonly Rate[];
}

export interface AuditEntry {
  number: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  details: Readonly<Record<string, string>>;
}

export interface AuditPage {
  data: readonly AuditEntry[];
  next: number | null;
}

export interface AuditFinding {
  isWhole: boolean;
  entries: number;
  end: string;
  firstAltered: number | null;
  detail: string;
}

const ROOT = "/v1/rights";

export class RightsApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async deliveries(signal?: AbortSignal): Promise<Delivery[]> {
    return (await this.#client.get<Listing<Delivery>>(`${ROOT}/deliveries?limit=200`, signal)).data;
  }

  delivery(id: string, signal?: AbortSignal): Promise<DeliveryDetail> {
    return this.#client.get(`${ROOT}/deliveries/${encodeURIComponent(id)}`, signal);
  }

  deals(songId: string, signal?: AbortSignal): Promise<SongDeals> {
    return this.#client.get(`${ROOT}/songs/${encodeURIComponent(songId)}/deals`, signal);
  }

  facts(songId: string, signal?: AbortSignal): Promise<SongFacts> {
    return this.#client.get(`${ROOT}/songs/${encodeURIComponent(songId)}`, signal);
  }

  async availability(songId: string, use: string, model: string, signal?: AbortSignal): Promise<Place[]> {
    const asked = new URLSearchParams({ use, model }).toString();
    const path = `${ROOT}/songs/${encodeURIComponent(songId)}/availability?${asked}`;
    return (await this.#client.get<Listing<Place>>(path, signal)).data;
  }

  async months(signal?: AbortSignal): Promise<Month[]> {
    return (await this.#client.get<Listing<Month>>(`${ROOT}/statements`, signal)).data;
  }

  statement(period: string, signal?: AbortSignal): Promise<Statement> {
    return this.#client.get(this.#month(period), signal);
  }

  /** One holder's lines as a file. */
  async lines(period: string, holder: string): Promise<Blob> {
    const response = await this.#client.send(`${this.#month(period)}/holders/${encodeURIComponent(holder)}`);
    if (!response.ok) throw new Error(`The server answered ${String(response.status)}.`);
    return response.blob();
  }

  async money(period: string, signal?: AbortSignal): Promise<Money | null> {
    const response = await this.#client.send(`${this.#month(period)}/money`, signal ? { signal } : {});
    return response.ok ? ((await response.json()) as Money) : null;
  }

  changeMoney(period: string, money: Money): Promise<Money> {
    return this.#client.request(`${this.#month(period)}/money`, { method: "PUT", body: money });
  }

  audit(before: number | null, signal?: AbortSignal): Promise<AuditPage> {
    return this.#client.get(`${ROOT}/audit${before === null ? "" : `?before=${String(before)}`}`, signal);
  }

  check(): Promise<AuditFinding> {
    return this.#client.get(`${ROOT}/audit/check`);
  }

  #month(period: string): string {
    return `${ROOT}/statements/${encodeURIComponent(period)}`;
  }
}
