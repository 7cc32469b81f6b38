/** What a provider's redirect brought, as the page's address tells it. Pure. */

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
