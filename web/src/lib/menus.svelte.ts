/** The one menu that can be open. */

import type { IconName } from "../ui/icons";

export interface MenuItem {
  label: string;
  icon?: IconName;
  run: () => void;
  danger?: boolean;
  disabled?: boolean;
}

export type MenuEntry = MenuItem | "line";

export interface OpenMenu {
  label: string;
  entries: readonly MenuEntry[];
  /** Where it hangs, in viewport pixels. */
  at: { x: number; y: number };
  /** Gets the focus back. */
  origin: HTMLElement | null;
}

export class Menus {
  open = $state.raw<OpenMenu | null>(null);

  /** Open below the control that was pressed, or where the pointer asked for a context menu. */
  show(event: MouseEvent, label: string, entries: readonly MenuEntry[]): void {
    event.preventDefault();
    const origin = event.currentTarget instanceof HTMLElement ? event.currentTarget : null;
    this.open = { label, entries, at: anchor(event, origin), origin: focusable(event, origin) };
  }

  close(): void {
    const origin = this.open?.origin;
    this.open = null;
    origin?.focus();
  }
}

function anchor(event: MouseEvent, origin: HTMLElement | null): { x: number; y: number } {
  const byPointer = event.type === "contextmenu" && (event.clientX !== 0 || event.clientY !== 0);
  if (byPointer || origin === null) return { x: event.clientX, y: event.clientY };
  const box = origin.getBoundingClientRect();
  return { x: box.left, y: box.bottom + 4 };
}

function focusable(event: MouseEvent, origin: HTMLElement | null): HTMLElement | null {
  const inner = (event.target as Element | null)?.closest<HTMLElement>("button, a[href], [tabindex]");
  return inner ?? origin;
}
