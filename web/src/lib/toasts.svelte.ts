/** Short messages at the foot of the window. An effect may send one without coming to depend on the others. */

import { untrack } from "svelte";

export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "bad";
  action?: { label: string; run: () => void };
}

export class Toasts {
  items = $state.raw<readonly Toast[]>([]);
  /** Said by screen readers, shown to nobody. */
  spoken = $state("");
  #next = 1;

  show(text: string, options: { tone?: Toast["tone"]; action?: Toast["action"] } = {}): void {
    const toast: Toast = {
      id: this.#next,
      text,
      tone: options.tone ?? "plain",
      ...(options.action ? { action: options.action } : {}),
    };
    this.#next += 1;
    this.items = [...untrack(() => this.items).slice(-2), toast];
    setTimeout(() => this.dismiss(toast.id), toast.action || toast.tone === "bad" ? 7000 : 4000);
  }

  bad(error: unknown, fallback: string): void {
    const text = error instanceof Error && error.message !== "" ? `${fallback} ${error.message}` : fallback;
    this.show(text, { tone: "bad" });
  }

  /** Say what changed to those who cannot see it; the same text twice is said twice. */
  announce(text: string): void {
    this.spoken = untrack(() => this.spoken) === text ? `${text}\u00a0` : text;
  }

  dismiss(id: number): void {
    this.items = this.items.filter((toast) => toast.id !== id);
  }
}
