/**
 * The engine on a page of its own for the browser tests: everything it sends to the loudspeakers is
 * recorded, sample by sample.
 */

import { createEngine, createTransport, type Engine, type EngineParts, type Playable } from "../src/engine";

interface Recording {
  /** Interleaved stereo, base64 of little-endian float32. */
  readonly pcm: string;
  readonly sampleRate: number;
}

interface Harness {
  engine: Engine;
  /** Everything that was heard so far. */
  recorded(): Recording;
  /** Frames recorded so far. */
  frames(): number;
  /** Largest absolute sample of the last so many frames. */
  level(frames: number): number;
  elements: HTMLMediaElement[];
  stalls: number;
}

type Options = Partial<Omit<EngineParts, "transport">> & { sampleRate?: number };

const chunks: Float32Array[] = [];

async function recorder(context: AudioContext): Promise<AudioNode> {
  await context.audioWorklet.addModule("/recorder.js");
  const node = new AudioWorkletNode(context, "recorder", {
    channelCount: 2,
    channelCountMode: "explicit",
    outputChannelCount: [2],
  });
  node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => { chunks.push(data); };
  node.connect(context.destination);
  return node;
}

/** Count and keep the media elements that the engine makes. */
function watchElements(harness: Harness): void {
  const Plain = globalThis.Audio;
  globalThis.Audio = class extends Plain {
    constructor() {
      super();
      harness.elements.push(this);
      this.addEventListener("waiting", () => { if (this.currentTime > 0 && !this.seeking) harness.stalls += 1; });
    }
  };
}

function encoded(samples: Float32Array): string {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}

async function start({ sampleRate = 44_100, ...options }: Options = {}): Promise<Harness> {
  const context = new AudioContext({ sampleRate });
  const sink = await recorder(context);
  // Whatever is connected to the loudspeakers goes through the recorder.
  Object.defineProperty(context, "destination", { value: sink });
  const harness: Harness = {
    engine: null as unknown as Engine,
    elements: [],
    stalls: 0,
    frames: () => chunks.reduce((sum, chunk) => sum + chunk.length / 2, 0),
    recorded: () => {
      const all = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
      let at = 0;
      for (const chunk of chunks) { all.set(chunk, at); at += chunk.length; }
      return { pcm: encoded(all), sampleRate: context.sampleRate };
    },
    level: (frames) => {
      let peak = 0;
      let left = frames * 2;
      for (let i = chunks.length - 1; i >= 0 && left > 0; i--) {
        for (const value of chunks[i] ?? []) peak = Math.max(peak, Math.abs(value));
        left -= chunks[i]?.length ?? 0;
      }
      return peak;
    },
  };
  watchElements(harness);
  const transport = createTransport({
    send: (path, { body, ...init }) =>
      fetch(path, { ...init, ...(body === undefined ? {} : { body: JSON.stringify(body) }), headers: { "Content-Type": "application/json" } }),
    fetch: (...request) => fetch(...request),
  });
  harness.engine = createEngine({
    transport,
    initial: { normalisation: "off" },
    createContext: () => context,
    ...options,
  });
  harness.engine.warmUp();
  return harness;
}

function songs(...ids: string[]): Playable[] {
  return ids.map((songId, i) => ({
    songId,
    title: songId,
    artistName: "Test",
    albumName: "Album",
    albumId: "album",
    trackNumber: i + 1,
    durationMs: 0,
  }));
}

Object.assign(globalThis, { start, songs });
