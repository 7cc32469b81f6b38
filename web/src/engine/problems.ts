/** What went wrong, in words for the listener. */

import { UnsupportedSong } from "./deck";
import { Undecryptable } from "./locks";
import { Unusable } from "./sink";
import { TransportError, type EngineError } from "./types";

const MESSAGES = {
  unreachable: "The server cannot be reached.",
  not_ready: "This song is still being prepared.",
  not_found: "This song is no longer there.",
  denied: "You may not play this song.",
  protected: "This song is encrypted, and this browser cannot decrypt it here. Over https most can.",
  too_many_streams: "As many devices play as your plan allows.",
  unsupported: "This browser cannot play this song.",
  decode: "The browser could not decode this song.",
  autoplay_blocked: "The browser waits for a tap before it plays.",
} as const;

export type ProblemCode = keyof typeof MESSAGES;

const RECOVERABLE: ReadonlySet<ProblemCode> = new Set([
  "unreachable",
  "not_ready",
  "autoplay_blocked",
  "too_many_streams",
]);

export function problem(code: ProblemCode): EngineError {
  return { code, message: MESSAGES[code], recoverable: RECOVERABLE.has(code) };
}

export function problemOf(error: unknown): EngineError {
  if (error instanceof UnsupportedSong) return problem("unsupported");
  if (error instanceof Unusable) return problem("decode");
  if (error instanceof Undecryptable) return problem("protected");
  // The server's words say which devices play.
  if (isTooMany(error)) return { ...problem("too_many_streams"), message: error.message };
  if (error instanceof TransportError) return problem(codeOf(error));
  return { code: "decode", message: error instanceof Error ? error.message : String(error), recoverable: false };
}

function isTooMany(error: unknown): error is TransportError {
  return error instanceof TransportError && error.code === "too_many_streams";
}

function codeOf(error: TransportError): ProblemCode {
  if (error.code === "not_ready") return "not_ready";
  if (error.status === 404 || error.status === 410) return "not_found";
  if (error.status === 401 || error.status === 403) return "denied";
  if (error.status >= 400 && error.status < 500) return "unsupported";
  return "unreachable";
}
