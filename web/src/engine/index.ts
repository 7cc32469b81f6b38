/** The face of the engine: `createEngine(parts)`, its types, and the transport for the JSON API. */

import type { Engine, Transport } from "./types";

export * from "./types";
export { createTransport, type Send, type TransportParts } from "./transport";

/** What the application hands to the engine. */
export interface EngineParts {
  readonly transport: Transport;
  /** Restores what the listener likes; changes later go through requests. */
  readonly initial?: {
    readonly volume?: number;
    readonly muted?: boolean;
    readonly normalisation?: import("./types").Normalisation;
    readonly crossfadeMs?: number;
    readonly quality?: import("./types").Quality;
    readonly repeat?: import("./types").Repeat;
  };
}

export type CreateEngine = (parts: EngineParts) => Engine;
