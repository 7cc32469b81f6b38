/** The one dialog that can be open. */

import type { Playlist, Song } from "../api/types";

export type OpenDialog =
  | { kind: "add-to-playlist"; songs: readonly Song[] }
  | { kind: "new-playlist"; songs: readonly Song[] }
  | { kind: "rename-playlist"; playlist: Playlist }
  | { kind: "credits"; song: Song }
  | { kind: "shortcuts" }
  | { kind: "ask" }
  | { kind: "confirm"; title: string; text: string; action: string; run: () => void };

export class Dialogs {
  open = $state.raw<OpenDialog | null>(null);

  show(dialog: OpenDialog): void {
    this.open = dialog;
  }

  close(): void {
    this.open = null;
  }
}
