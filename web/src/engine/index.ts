/** The face of the engine: `createEngine(parts)`, its types, and the transport for the JSON API. */

export * from "./types";
export { createEngine, type EngineParts } from "./engine";
export { createTransport, type Send, type TransportParts } from "./transport";
export type { Choice } from "./abr";
export type { Chooser } from "./services";
