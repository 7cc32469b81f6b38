/** What API tokens may be for, as people read it. Pure. */

import type { ApiScope, ApiToken } from "../../api/signIns";
import { ago, day } from "../../lib/format";

export interface ScopeChoice {
  value: ApiScope;
  label: string;
  hint: string;
}

// The scope `subsonic` is known to the server, and offered here as soon as that protocol is served.
const CHOICES: readonly (ScopeChoice & { managers?: true })[] = [
  { value: "read", label: "Read", hint: "Look at the catalogue, your library and your history." },
  { value: "play", label: "Play", hint: "Stream songs as you." },
  { value: "library", label: "Library", hint: "Change favourites and playlists." },
  { value: "admin", label: "Manage", hint: "Imports, people and rights, as far as you may yourself.", managers: true },
];

/** What somebody may choose from. */
export function scopeChoices(manages: boolean): readonly ScopeChoice[] {
  return CHOICES.filter((choice) => manages || !choice.managers);
}

/** `Read, play`: in the order of the choices, whatever the server's. */
export function scopesInWords(scopes: readonly ApiScope[]): string {
  const words = CHOICES.filter((choice) => scopes.includes(choice.value)).map((choice) => choice.label.toLowerCase());
  const text = words.join(", ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What there is to say of a token in one line. */
export function noteOfToken(token: ApiToken, now: number): string {
  const used = token.lastUsedAt ? `last used ${ago(token.lastUsedAt, now)}` : "not used yet";
  const parts = [scopesInWords(token.scopes), used];
  if (token.expiresAt) parts.push(Date.parse(token.expiresAt) <= now ? "has ended" : `ends ${day(token.expiresAt)}`);
  return parts.join(" · ");
}
