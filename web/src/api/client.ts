/** JSON over HTTP with the listener's access token. */

import type { ProblemItem } from "./types";

/** What the server refused, or that it could not be reached (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly problems: readonly ProblemItem[];

  constructor(status: number, code: string, message: string, problems: readonly ProblemItem[] = []) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.problems = problems;
  }
}

export interface Tokens {
  accessToken: string;
  expiresIn: number;
}

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  /** A body that is sent as it is, in place of JSON. */
  raw?: Blob;
  signal?: AbortSignal;
  /** Send no token and do not try to refresh: for signing in. */
  anonymous?: boolean;
  /** Outlive the page: for what is sent while it goes away. */
  keepalive?: boolean;
}

/** Runs one task at a time across all tabs of this browser. */
export type Exclusively = <T>(task: () => Promise<T>) => Promise<T>;

type Fetch = typeof fetch;

const CLIENT_HEADER = { "X-Antiphon-Client": "web" } as const;

/**
 * The access token lives in memory only; the refresh token is an HttpOnly cookie that scripts cannot
 * read. However many requests meet a 401 at once, the token is refreshed once.
 */
export class ApiClient {
  /** Told when the server no longer knows this sign-in. */
  onSignedOut: () => void = () => undefined;

  readonly #fetch: Fetch;
  readonly #exclusively: Exclusively;
  #accessToken: string | null = null;
  #refreshing: Promise<string | null> | null = null;

  /**
   * Tabs share the cookie, and a refresh token is good for one use: two tabs that renewed at once would
   * look like a thief to the server. `exclusively` keeps them apart.
   */
  constructor(fetcher: Fetch, exclusively: Exclusively = (task) => task()) {
    this.#fetch = fetcher;
    this.#exclusively = exclusively;
  }

  get accessToken(): string | null {
    return this.#accessToken;
  }

  adopt(tokens: Tokens | null): void {
    this.#accessToken = tokens?.accessToken ?? null;
  }

  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.request<T>(path, signal ? { signal } : {});
  }

  async request<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.send(path, options);
    if (!response.ok) throw await problemOf(response);
    if (response.status === 204 || response.headers.get("content-length") === "0") return undefined as T;
    const text = await response.text();
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** The raw answer, after at most one refresh of the token. */
  async send(path: string, options: RequestOptions = {}): Promise<Response> {
    if (options.anonymous) return this.#once(path, options, null);
    const token = this.#accessToken ?? (await this.refresh());
    const response = await this.#once(path, options, token);
    if (response.status !== 401 || token === null) {
      if (token === null) this.onSignedOut();
      return response;
    }
    const renewed = this.#accessToken !== token ? this.#accessToken : await this.refresh();
    if (renewed === null) {
      this.onSignedOut();
      return response;
    }
    return this.#once(path, options, renewed);
  }

  /** A new access token by the cookie, or null when there is no sign-in to renew. */
  refresh(): Promise<string | null> {
    this.#refreshing ??= this.#exclusively(() => this.#renew()).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #renew(): Promise<string | null> {
    const response = await this.#once("/v1/token", { method: "POST", body: {} }, null);
    if (response.status >= 500 || response.status === 429) throw await problemOf(response);
    // 204: no cookie came, so nobody is signed in here.
    const tokens = response.status === 200 ? ((await response.json()) as Tokens) : null;
    this.adopt(tokens);
    return this.#accessToken;
  }

  async #once(path: string, options: RequestOptions, token: string | null): Promise<Response> {
    const { method = "GET", body, raw, signal, keepalive = false } = options;
    const headers: Record<string, string> = { Accept: "application/json", ...CLIENT_HEADER };
    if (raw !== undefined) headers["Content-Type"] = raw.type || "application/octet-stream";
    else if (body !== undefined) headers["Content-Type"] = "application/json";
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    if (token !== null) headers["Authorization"] = `Bearer ${token}`;
    try {
      return await this.#fetch(path, {
        method,
        headers,
        credentials: "same-origin",
        keepalive,
        ...(sent === undefined ? {} : { body: sent }),
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(0, "unreachable", "The server cannot be reached.");
    }
  }
}

async function problemOf(response: Response): Promise<ApiError> {
  const problems = await response
    .json()
    .then((body: { errors?: ProblemItem[] }) => body.errors ?? [])
    .catch(() => []);
  const first = problems[0];
  const message = first?.detail ?? first?.title ?? `The server answered ${response.status}.`;
  return new ApiError(response.status, first?.code ?? "unknown", message, problems);
}

/** Whether this is the listener moving on, not a failure. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
