/** What the shortcuts do. */

import type { App } from "../../lib/context";
import type { Panels } from "./panels.svelte";
import type { Command, KeyContext } from "./shortcuts";

/** What the element under the focus does with keys itself. */
export function keyContext(target: EventTarget | null): KeyContext {
  if (!(target instanceof Element)) return { typing: false, pressable: false, arrows: false };
  const typing = target.matches("input:not([type=range], [type=radio], [type=checkbox]), textarea, select, [contenteditable]");
  const pressable = target.closest("button, a[href], summary, [role=option], input") !== null;
  const arrows = target.closest("input, select, [role=menu], [role=listbox], [data-row], [data-arrows]") !== null;
  return { typing, pressable, arrows };
}

/** Run one command of the keyboard. */
export function runCommand(app: App, panels: Panels, command: Command): void {
  ACTIONS[command](app, panels);
}

const ACTIONS: Record<Command, (app: App, panels: Panels) => void> = {
  toggle: ({ player }) => player.toggle(),
  next: ({ player }) => player.dispatch({ type: "next" }),
  previous: ({ player }) => player.dispatch({ type: "previous" }),
  forward: ({ player }) => player.seekBy(1),
  back: ({ player }) => player.seekBy(-1),
  louder: ({ player }) => player.louder(1),
  quieter: ({ player }) => player.louder(-1),
  mute: ({ player }) => player.toggleMuted(),
  shuffle: ({ player, toasts }) => {
    player.toggleShuffle();
    toasts.announce(player.snapshot.shuffle ? "Shuffle on" : "Shuffle off");
  },
  repeat: ({ player, toasts }) => {
    player.cycleRepeat();
    toasts.announce(`Repeat ${player.snapshot.repeat}`);
  },
  favourite: ({ player, collection }) => {
    const song = player.current;
    if (song) void collection.toggleFavourite("songs", song.id, song.attributes.name);
  },
  search: ({ router }) => {
    if (router.route.view === "search") document.getElementById("search-field")?.focus();
    else router.go("/search");
  },
  ask: ({ dialogs }) => dialogs.show({ kind: "ask" }),
  queue: (_app, panels) => panels.toggle("queue"),
  lyrics: (_app, panels) => panels.toggle("lyrics"),
  stage: ({ router }) => {
    if (router.layer === "stage") router.closeLayer();
    else router.openLayer("stage");
  },
  help: ({ dialogs }) => dialogs.show({ kind: "shortcuts" }),
};
