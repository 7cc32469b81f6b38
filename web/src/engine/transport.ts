/** The engine's transport over the JSON API and plain `fetch`. */

import {
  TransportError,
  type Grant,
  type GrantRequest,
  type Lease,
  type PlayEvent,
  type Transport,
} from "./types";

/** Sends with the listener's token and renews it at need; `ApiClient.send` fits. */
export type Send = (
  path: string,
  options: { method: "POST" | "DELETE"; body?: unknown; signal?: AbortSignal; keepalive?: boolean },
) => Promise<Response>;

const RENEW_AT = "antiphon-lease-renew";
const SOONEST_RENEWAL_MS = 1000;

export interface TransportParts {
  readonly send: Send;
  readonly fetch: typeof fetch;
}

/** The transport that the web player uses. */
export function createTransport({ send, fetch }: TransportParts): Transport {
  const post = async (
    path: string,
    body: unknown,
    options: { signal?: AbortSignal | undefined; keepalive?: boolean },
  ): Promise<Response> => {
    const { signal, keepalive = false } = options;
    const response = await reached(
      send(path, { method: "POST", body, keepalive, ...(signal ? { signal } : {}) }),
    );
    if (!response.ok) throw await refusal(response);
    return response;
  };
  return {
    grant: async (request: GrantRequest, signal?: AbortSignal) =>
      (await (await post("/v1/me/plays", request, { signal })).json()) as Grant,
    events: async (grantId: string, events: readonly PlayEvent[], leaving: boolean) => {
      await post(`/v1/me/plays/${encodeURIComponent(grantId)}/events`, { events }, { keepalive: leaving });
    },
    media: async (url: string, signal?: AbortSignal) => {
      const response = await reached(fetch(url, { credentials: "same-origin", ...(signal ? { signal } : {}) }));
      if (!response.ok) throw await refusal(response);
      return response;
    },
    licence: async (url: string, request: string, signal?: AbortSignal) => {
      const response = await post(url, JSON.parse(request), { signal });
      return { keys: await response.arrayBuffer(), lease: leaseOf(response) };
    },
    renew: async (url: string, signal?: AbortSignal) => leaseOf(await post(`${url}/renew`, undefined, { signal })),
    release: async (url: string) => {
      await reached(send(url, { method: "DELETE", keepalive: true }));
    },
  };
}

/** By the server's clock: this device's may be wrong. */
function leaseOf(response: Response): Lease {
  const now = Date.parse(response.headers.get("date") ?? "") || Date.now();
  const renewAt = Number(response.headers.get(RENEW_AT) ?? now);
  return { renewInMs: Math.max(SOONEST_RENEWAL_MS, renewAt - now) };
}

async function reached(answer: Promise<Response>): Promise<Response> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new TransportError(0, "unreachable", "The server cannot be reached.");
  }
}

interface ProblemBody {
  errors?: { code?: string; title?: string; detail?: string }[];
}

async function refusal(response: Response): Promise<TransportError> {
  const body = (await response.json().catch(() => ({}))) as ProblemBody;
  const first = body.errors?.[0];
  const message = first?.detail ?? first?.title ?? `The server answered ${String(response.status)}.`;
  return new TransportError(response.status, first?.code ?? "unknown", message, retryAfter(response));
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}
