/** Codes of rights as an owner reads them. Pure. */

import type { Deal, Outcome } from "../../api/rights";
import { day, spaced } from "../../lib/format";

const USES: Readonly<Record<string, string>> = {
  "on-demand-stream": "Streaming on demand",
  preview: "Previews",
  "conditional-download": "Offline listening",
  radio: "Radio",
};
const MODELS: Readonly<Record<string, string>> = {
  subscription: "Subscription",
  advertising: "With advertising",
  free: "Free",
};
const REASONS: Readonly<Record<string, string>> = {
  granted: "may be heard",
  own_library: "from your own library",
  not_shared: "the library is not shared",
  taken_down: "taken down",
  no_deal: "no deal",
  storefront_needed: "no country chosen",
  territory: "no deal for this country",
  service: "only for other services",
  terms: "on terms that cannot be kept here",
  use_type: "no deal for this use",
  commercial_model: "no deal for this plan",
  not_yet: "the deal has not begun",
  preorder: "can only be ordered so far",
  exclusive: "exclusive to somebody else",
  ended: "the deal has ended",
};
export const OUTCOMES: Readonly<Record<Outcome, string>> = {
  accepted: "Taken in",
  purged: "Purged",
  unchanged: "Known already",
  tested: "Test",
  refused: "Refused",
};

export const USE_OPTIONS = Object.entries(USES).map(([value, label]) => ({ value, label }));
export const MODEL_OPTIONS = Object.entries(MODELS).map(([value, label]) => ({ value, label }));

export function useWords(uses: readonly string[], others: readonly string[] = []): string {
  return [...uses.map((use) => USES[use] ?? use), ...others.map(spaced)].join(", ");
}

export function modelWords(models: readonly string[]): string {
  return models.map((model) => MODELS[model] ?? model).join(", ");
}

export function reasonWords(reason: string): string {
  return REASONS[reason] ?? reason.replaceAll("_", " ");
}

/** Countries by their names; the whole world is one. */
export function territoryWords(deal: Deal, nameOf: (code: string) => string): string {
  const told = deal.territories.map((code) => (isWorld(code) ? "the whole world" : nameOf(code))).sort((a, b) => a.localeCompare(b));
  const most = 4;
  const listed = told.length > most + 1 ? [...told.slice(0, most), `${String(told.length - most)} more`] : told;
  const without = deal.excluded ?? [];
  const except = without.length > 0 ? ` but ${without.map(nameOf).join(", ")}` : "";
  return listed.join(", ") + except;
}

/** Why a deal opens less here than it says, or nothing; empty where it is kept whole. */
export function closedWords({ channels = [], excludedChannels = [], limits = [], opensHere = true }: Deal): string {
  const told = [
    ...(channels.length > 0 ? [`only for ${channels.join(", ")}`] : []),
    ...(excludedChannels.length > 0 ? [`not for ${excludedChannels.join(", ")}`] : []),
    ...(limits.length > 0 ? [`on terms that cannot be kept here (${limits.join(", ")})`] : []),
  ];
  return [...told, ...(opensHere ? [] : ["opens nothing here"])].join(", ");
}

function isWorld(code: string): boolean {
  return code.toLowerCase() === "worldwide";
}

/** When a deal holds. */
export function spanWords({ start, end }: Deal): string {
  if (!start && !end) return "always";
  if (!end) return `from ${day(start)}`;
  return start ? `${day(start)} to ${day(end)}` : `until ${day(end)}`;
}

/** Millionths of a currency, as its own money is written. */
export function amount(micros: number, currency: string): string {
  return (micros / 1_000_000).toLocaleString(undefined, { style: "currency", currency });
}

export function monthWords(period: string): string {
  const at = Date.parse(`${period}-01T00:00:00Z`);
  return Number.isNaN(at) ? period : new Date(at).toLocaleDateString(undefined, { month: "long", year: "numeric", timeZone: "UTC" });
}
