/** The keys of the player, and what they mean. Pure. */

export type Command =
  | "toggle"
  | "back"
  | "forward"
  | "previous"
  | "next"
  | "louder"
  | "quieter"
  | "mute"
  | "search"
  | "ask"
  | "queue"
  | "lyrics"
  | "stage"
  | "shuffle"
  | "repeat"
  | "favourite"
  | "help";

export interface Shortcut {
  keys: readonly string[];
  command: Command;
  says: string;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: [" ", "k"], command: "toggle", says: "Play or pause" },
  { keys: ["n"], command: "next", says: "Next song" },
  { keys: ["p"], command: "previous", says: "Previous song, or back to the start" },
  { keys: ["ArrowRight"], command: "forward", says: "Forward 10 seconds" },
  { keys: ["ArrowLeft"], command: "back", says: "Back 10 seconds" },
  { keys: ["ArrowUp"], command: "louder", says: "Louder" },
  { keys: ["ArrowDown"], command: "quieter", says: "Quieter" },
  { keys: ["m"], command: "mute", says: "Mute" },
  { keys: ["s"], command: "shuffle", says: "Shuffle on or off" },
  { keys: ["r"], command: "repeat", says: "Repeat: off, all, one" },
  { keys: ["f"], command: "favourite", says: "Favourite the song that plays" },
  { keys: ["l"], command: "lyrics", says: "Lyrics" },
  { keys: ["q"], command: "queue", says: "Queue" },
  { keys: ["o"], command: "stage", says: "Open now playing" },
  { keys: ["/"], command: "search", says: "Search" },
  { keys: ["v"], command: "ask", says: "Ask in your own words" },
  { keys: ["?"], command: "help", says: "This help" },
];

/** What a control under the focus does with keys itself. */
export interface KeyContext {
  /** Text is being entered. */
  typing: boolean;
  /** A button or link: the space bar is its own. */
  pressable: boolean;
  /** A slider, list or menu: the arrows are its own. */
  arrows: boolean;
}

/** The command of a key press, or null if the key belongs to the focused control or to the browser. */
export function commandOf(
  event: Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey">,
  context: KeyContext,
): Command | null {
  if (event.altKey || event.ctrlKey || event.metaKey || context.typing) return null;
  if (event.key === " " && context.pressable) return null;
  if (event.key.startsWith("Arrow") && context.arrows) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return SHORTCUTS.find((one) => one.keys.includes(key))?.command ?? null;
}

/** How a key is printed on its cap. */
export function cap(key: string): string {
  return { " ": "Space", ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓" }[key] ?? key.toUpperCase();
}
