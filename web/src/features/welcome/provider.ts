/** Going to a provider and coming back: what the browser went for, and what it brought. */

import type { ProviderAnswer } from "../../api/signIns";

const PAGE = /^\/sign-in\/openid\/([A-Za-z0-9-]{1,32})$/;
const LONGEST = 4096;

export interface Returned {
  provider: string;
  answer: ProviderAnswer;
}

/** The answer in an address, or null where the address is no such page. */
export function returnedFrom(pathname: string, search: string): Returned | null {
  const provider = PAGE.exec(pathname)?.[1];
  if (provider === undefined) return null;
  const query = new URLSearchParams(search);
  const answer: ProviderAnswer = { state: query.get("state") ?? "" };
  for (const name of ["code", "iss", "error", "user"] as const) {
    const value = query.get(name);
    if (value !== null && value.length <= LONGEST) answer[name] = value;
  }
  return { provider, answer };
}

/** What a browser went to a provider for. */
export type Errand = { kind: "sign-in" } | { kind: "link" } | { kind: "invitation"; token: string };

const KEY = "antiphon.openid";
const SIGN_IN: Errand = { kind: "sign-in" };

/** Keep in this tab what the answer to an address will be for; its state is the answer's. */
export function rememberErrand(url: string, errand: Errand, storage: Storage): void {
  storage.setItem(KEY, JSON.stringify({ state: new URL(url).searchParams.get("state"), errand }));
}

/** What an answer with this state is for: to sign in, where this tab went for nothing else. */
export function takeErrand(state: string, storage: Storage): Errand {
  const kept = storage.getItem(KEY);
  storage.removeItem(KEY);
  try {
    const told = JSON.parse(kept ?? "null") as { state?: unknown; errand?: { kind?: unknown; token?: unknown } } | null;
    if (told?.state !== state) return SIGN_IN;
    if (told.errand?.kind === "link") return { kind: "link" };
    const token = told.errand?.token;
    return told.errand?.kind === "invitation" && typeof token === "string" ? { kind: "invitation", token } : SIGN_IN;
  } catch {
    return SIGN_IN;
  }
}

/** The page where an errand goes on. */
export function pageFor(errand: Errand): string {
  if (errand.kind === "link") return "/settings/sign-ins";
  return errand.kind === "invitation" ? `/invitation#${encodeURIComponent(errand.token)}` : "/";
}
