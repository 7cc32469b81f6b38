/** Scenes of songs, and the filters of heads. */

import type { ApiClient } from "./client";

/** An object of a scene: `track` holds `[ms, x, y, z]`, x to the right, y to the front, z up, in order of time. */
export interface SceneObject {
  readonly name: string;
  readonly kind: string;
  readonly track: readonly (readonly [ms: number, x: number, y: number, z: number])[];
}

export interface SongScene {
  readonly durationMs: number;
  readonly objects: readonly SceneObject[];
}

export class SpatialApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** The scene at a path that a grant named. */
  scene(path: string, signal?: AbortSignal): Promise<SongScene> {
    return this.#client.get<SongScene>(path, signal);
  }

  /** The filters of a head: float32, (2 ears, 16 components, taps). */
  async filters(sampleRate: number, head = "default"): Promise<ArrayBuffer> {
    const response = await this.#client.send(`/v1/spatial/heads/${encodeURIComponent(head)}/filters?rate=${String(sampleRate)}`);
    if (!response.ok) throw new Error(`The server answered ${String(response.status)}.`);
    return response.arrayBuffer();
  }
}
