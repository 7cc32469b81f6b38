/** The system's media keys and its "now playing" card. */

import type { EngineRequest, Snapshot } from "./types";

const SIZES = [128, 300, 600] as const;
const SEEK_SECONDS = 10;

export class SystemControls {
  readonly #session: MediaSession;
  readonly #dispatch: (request: EngineRequest) => void;
  #songKey: string | null = null;
  #latest: Snapshot | null = null;

  constructor(session: MediaSession, dispatch: (request: EngineRequest) => void) {
    this.#session = session;
    this.#dispatch = dispatch;
    this.#listen();
  }

  show(snapshot: Snapshot): void {
    this.#latest = snapshot;
    if ((snapshot.song?.key ?? null) !== this.#songKey) this.#describe(snapshot);
    this.#session.playbackState = playbackState(snapshot);
    this.#place(snapshot);
  }

  #describe({ song }: Snapshot): void {
    this.#songKey = song?.key ?? null;
    this.#session.metadata =
      song &&
      new MediaMetadata({
        title: song.title,
        artist: song.artistName,
        album: song.albumName,
        artwork: song.artworkUrl ? artwork(song.artworkUrl) : [],
      });
  }

  #place({ positionMs, durationMs, status }: Snapshot): void {
    if (durationMs <= 0 || status === "idle") return;
    this.#session.setPositionState({
      duration: durationMs / 1000,
      position: Math.min(positionMs, durationMs) / 1000,
      playbackRate: 1,
    });
  }

  #listen(): void {
    const jump = (seconds: number): void => {
      const positionMs = (this.#latest?.positionMs ?? 0) + seconds * 1000;
      this.#dispatch({ type: "seek", positionMs: Math.max(0, positionMs) });
    };
    this.#on("play", () => { this.#dispatch({ type: "play" }); });
    this.#on("pause", () => { this.#dispatch({ type: "pause" }); });
    this.#on("stop", () => { this.#dispatch({ type: "stop" }); });
    this.#on("nexttrack", () => { this.#dispatch({ type: "next" }); });
    this.#on("previoustrack", () => { this.#dispatch({ type: "previous" }); });
    this.#on("seekforward", ({ seekOffset }) => { jump(seekOffset ?? SEEK_SECONDS); });
    this.#on("seekbackward", ({ seekOffset }) => { jump(-(seekOffset ?? SEEK_SECONDS)); });
    this.#on("seekto", ({ seekTime }) => {
      if (seekTime !== undefined) this.#dispatch({ type: "seek", positionMs: seekTime * 1000 });
    });
  }

  #on(action: MediaSessionAction, handler: MediaSessionActionHandler): void {
    try {
      this.#session.setActionHandler(action, handler);
    } catch {
      // A browser that does not know this key has none to press.
    }
  }
}

function playbackState({ status }: Snapshot): MediaSessionPlaybackState {
  if (status === "idle") return "none";
  return status === "playing" || status === "loading" || status === "stalled" ? "playing" : "paused";
}

function artwork(template: string): MediaImage[] {
  return SIZES.map((size) => ({
    src: template.replace("{w}", String(size)),
    sizes: `${String(size)}x${String(size)}`,
    type: "image/jpeg",
  }));
}
