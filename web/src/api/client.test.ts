import { describe, expect, it, vi } from "vitest";
import { ApiClient, ApiError } from "./client";

type Handler = (path: string, init: RequestInit) => Response | Promise<Response>;

function client(handler: Handler): { api: ApiClient; calls: { path: string; init: RequestInit }[] } {
  const calls: { path: string; init: RequestInit }[] = [];
  const fetcher = (path: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    calls.push({ path: String(path), init });
    return Promise.resolve(handler(String(path), init));
  };
  return { api: new ApiClient(fetcher as typeof fetch), calls };
}

const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status });
const bearer = (init: RequestInit): string | undefined => (init.headers as Record<string, string>)["Authorization"];

/** A server that accepts one token, and renews it to the next. */
function rotating(): { handler: Handler; renewals: () => number; expire: () => void } {
  let generation = 0;
  let renewals = 0;
  return {
    handler: (path, init) => {
      if (path === "/v1/token") {
        renewals += 1;
        return json({ accessToken: `t${generation}`, expiresIn: 600 });
      }
      return bearer(init) === `Bearer t${generation}` ? json({ path }) : json({ errors: [] }, 401);
    },
    renewals: () => renewals,
    expire: () => (generation += 1),
  };
}

describe("the access token", () => {
  it("is renewed once, however many requests find it expired at the same time", async () => {
    const server = rotating();
    const { api } = client(server.handler);
    await api.get("/v1/a");
    server.expire();
    const answers = await Promise.all(["/v1/b", "/v1/c", "/v1/d"].map((path) => api.get<{ path: string }>(path)));
    expect(answers.map(({ path }) => path)).toEqual(["/v1/b", "/v1/c", "/v1/d"]);
    expect(server.renewals()).toBe(2);
  });

  it("is renewed with the header that other sites cannot send", async () => {
    const { api, calls } = client(rotating().handler);
    await api.get("/v1/a");
    const renewal = calls.find(({ path }) => path === "/v1/token");
    expect((renewal?.init.headers as Record<string, string>)["X-Antiphon-Client"]).toBe("web");
    expect(renewal?.init.credentials).toBe("same-origin");
  });

  it("is not sent where nobody is signed in yet", async () => {
    const { api, calls } = client(() => json({ needed: true }));
    await api.request("/v1/setup", { anonymous: true });
    expect(calls.map(({ path, init }) => [path, bearer(init)])).toEqual([["/v1/setup", undefined]]);
  });

  it("ends the sign-in when it cannot be renewed", async () => {
    const { api } = client(() => json({ errors: [{ status: "401", code: "sign_in_ended", title: "x" }] }, 401));
    api.onSignedOut = vi.fn<() => void>();
    await expect(api.get("/v1/me")).rejects.toMatchObject({ status: 401 });
    expect(api.onSignedOut).toHaveBeenCalledOnce();
  });

  it("does not end the sign-in when the server is merely busy", async () => {
    const { api } = client(() => json({ errors: [{ status: "503", code: "busy", title: "x" }] }, 503));
    api.onSignedOut = vi.fn<() => void>();
    await expect(api.get("/v1/me")).rejects.toMatchObject({ status: 503, code: "busy" });
    expect(api.onSignedOut).not.toHaveBeenCalled();
  });

  it("is renewed by one tab at a time", async () => {
    const server = rotating();
    let inside = 0;
    let most = 0;
    let line: Promise<unknown> = Promise.resolve();
    const exclusively = <T>(task: () => Promise<T>): Promise<T> => {
      const turn = line.then(async () => {
        inside += 1;
        most = Math.max(most, inside);
        const result = await task();
        inside -= 1;
        return result;
      });
      line = turn;
      return turn;
    };
    const fetcher = ((path: string, init: RequestInit) => Promise.resolve(server.handler(path, init))) as typeof fetch;
    const tabs = [new ApiClient(fetcher, exclusively), new ApiClient(fetcher, exclusively)];
    await Promise.all(tabs.map((tab) => tab.get("/v1/a")));
    expect(most).toBe(1);
  });
});

describe("what the server refuses", () => {
  it("becomes an error with code, status and words", async () => {
    const problem = { status: "422", code: "bad_username", title: "Invalid", detail: "No spaces.", source: { pointer: "/username" } };
    const { api } = client(() => json({ errors: [problem] }, 422));
    const error = await api.request("/v1/setup", { anonymous: true }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, code: "bad_username", message: "No spaces.", problems: [problem] });
  });

  it("is an error even when its body is not JSON", async () => {
    const { api } = client(() => new Response("<html>", { status: 502 }));
    await expect(api.request("/v1/x", { anonymous: true })).rejects.toMatchObject({ status: 502, code: "unknown" });
  });

  it("is told from a server that cannot be reached", async () => {
    const { api } = client(() => {
      throw new TypeError("failed to fetch");
    });
    await expect(api.request("/v1/x", { anonymous: true })).rejects.toMatchObject({ status: 0, code: "unreachable" });
  });

  it("leaves aborts what they are", async () => {
    const { api } = client(() => {
      throw new DOMException("gone", "AbortError");
    });
    const abort = new AbortController();
    abort.abort();
    await expect(api.request("/v1/x", { anonymous: true, signal: abort.signal })).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("answers", () => {
  it("without a body are undefined", async () => {
    const { api } = client(() => new Response(null, { status: 204 }));
    expect(await api.request("/v1/x", { method: "DELETE", anonymous: true })).toBeUndefined();
  });
});
