/** What this browser can play, asked once and told to the server with every play request. */

import type { Backend, Capabilities, Variant } from "./types";

/** CODECS strings of the ladder's rungs. */
export const CODECS = ["flac", "alac", "mp4a.40.2", "opus"] as const;

/** The parts of the browser that decide; injected, so that the decision can be tested. */
export interface Browser {
  readonly mediaSource: Pick<typeof MediaSource, "isTypeSupported"> | null;
  /** Whether a source buffer can change its codec: the queue engine needs it. */
  readonly canChangeType: boolean;
  readonly canPlay: (type: string) => boolean;
}

export function mimeOf(codecs: string): string {
  return `audio/mp4; codecs="${codecs}"`;
}

/** The best machinery that works here: ours, the browser's own HLS, then Shaka. */
export function backendFor(browser: Browser): Backend {
  const types = browser.mediaSource;
  const mse = types !== null && CODECS.some((codec) => types.isTypeSupported(mimeOf(codec)));
  if (mse && browser.canChangeType) return "mse";
  return browser.canPlay("application/vnd.apple.mpegurl") ? "native" : "shaka";
}

export function capabilitiesOf(browser: Browser, backend: Backend): Capabilities {
  const plays = (codec: string): boolean =>
    backend === "native" || browser.mediaSource === null
      ? browser.canPlay(mimeOf(codec))
      : browser.mediaSource.isTypeSupported(mimeOf(codec));
  return { codecs: CODECS.filter(plays), mse: backend !== "native", hls: backend === "native" };
}

/** Whether a variant can be appended here. */
export function playable(variant: Variant, browser: Browser): boolean {
  return browser.mediaSource?.isTypeSupported(variant.mime) ?? false;
}

/** This browser. Managed media sources (iPhone) count as media sources. */
export function thisBrowser(scope: typeof globalThis = globalThis): Browser {
  const managed = (scope as { ManagedMediaSource?: typeof MediaSource }).ManagedMediaSource;
  const mediaSource = scope.MediaSource ?? managed ?? null;
  const probe = typeof scope.Audio === "function" ? new scope.Audio() : null;
  return {
    mediaSource,
    canChangeType: typeof SourceBuffer !== "undefined" && "changeType" in SourceBuffer.prototype,
    canPlay: (type) => (probe?.canPlayType(type) ?? "") !== "",
  };
}
