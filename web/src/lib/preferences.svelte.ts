/**
 * How this browser likes it: kept in local storage, because it belongs to the device. A new browser starts
 * with what its listener chose last elsewhere.
 */

import type { Normalisation, Quality, SpatialWish } from "../engine";

export type ThemeChoice = "auto" | "dark" | "light";

export interface PreferenceValues {
  theme: ThemeChoice;
  quality: Quality;
  spatial: SpatialWish;
  normalisation: Normalisation;
  crossfadeSeconds: number;
  volume: number;
}

export const DEFAULTS: PreferenceValues = {
  theme: "auto",
  quality: "auto",
  spatial: "automatic",
  normalisation: "album",
  crossfadeSeconds: 0,
  volume: 1,
};

const KEY = "antiphon.preferences";
const ALLOWED = {
  theme: ["auto", "dark", "light"],
  quality: ["auto", "lossless", "high", "standard", "low"],
  spatial: ["automatic", "always", "off"],
  normalisation: ["album", "track", "off"],
} as const;

/** What was stored, as far as it is still valid. */
export function parsePreferences(stored: string | null): PreferenceValues {
  let read: Partial<Record<keyof PreferenceValues, unknown>> = {};
  try {
    const value: unknown = JSON.parse(stored ?? "{}");
    if (typeof value === "object" && value !== null) read = value;
  } catch {
    // Someone else's or a damaged entry: the defaults are fine.
  }
  const one = <T extends string>(allowed: readonly T[], value: unknown, otherwise: T): T =>
    allowed.find((known) => known === value) ?? otherwise;
  const number = (value: unknown, low: number, high: number, otherwise: number): number =>
    typeof value === "number" && value >= low && value <= high ? value : otherwise;
  return {
    theme: one(ALLOWED.theme, read.theme, DEFAULTS.theme),
    quality: one(ALLOWED.quality, read.quality, DEFAULTS.quality),
    spatial: one(ALLOWED.spatial, read.spatial, DEFAULTS.spatial),
    normalisation: one(ALLOWED.normalisation, read.normalisation, DEFAULTS.normalisation),
    crossfadeSeconds: number(read.crossfadeSeconds, 0, 12, DEFAULTS.crossfadeSeconds),
    volume: number(read.volume, 0, 1, DEFAULTS.volume),
  };
}

export class Preferences {
  values = $state.raw<PreferenceValues>(DEFAULTS);
  systemDark = $state(true);
  /** Whether this browser has never been told anything. */
  fresh = false;
  /** Told after each change by the listener. */
  onChange: (values: PreferenceValues) => void = () => undefined;
  readonly theme = $derived(
    this.values.theme === "auto" ? (this.systemDark ? "dark" : "light") : this.values.theme,
  );

  readonly #store: Storage;

  constructor(store: Storage, scheme: MediaQueryList) {
    this.#store = store;
    this.fresh = store.getItem(KEY) === null;
    this.values = parsePreferences(store.getItem(KEY));
    this.systemDark = scheme.matches;
    scheme.addEventListener("change", () => (this.systemDark = scheme.matches));
  }

  set(change: Partial<PreferenceValues>): void {
    this.adopt(change);
    this.onChange(this.values);
  }

  /** Take over what is known from elsewhere. */
  adopt(change: Partial<PreferenceValues>): void {
    this.fresh = false;
    this.values = { ...this.values, ...change };
    this.#store.setItem(KEY, JSON.stringify(this.values));
  }
}
