/** The history of the browser as state. Scroll positions come back with their entries. */

import { type Route, routeOf, sameView } from "./routes";

interface EntryState {
  key: number;
  /** A layer above the view, such as the now playing stage. */
  layer?: string;
}

export class Router {
  route = $state.raw<Route>({ view: "home" });
  /** Counts navigations to another view, not changes of query or layer. */
  arrivals = $state(0);
  layer = $state<string | null>(null);
  /** Where the view's scroll area should stand after arriving. */
  restore = 0;

  readonly #window: Window;
  // Read on arrival only; nobody watches it.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #scrolls = new Map<number, number>();
  #key = 0;
  #scrollNow: () => number = () => 0;

  constructor(view: Window) {
    this.#window = view;
    const state = view.history.state as EntryState | null;
    this.#key = state?.key ?? 0;
    view.history.replaceState({ key: this.#key } satisfies EntryState, "");
    this.route = routeOf(view.location.pathname, view.location.search);
  }

  /** Listen to the browser; the returned function stops. */
  listen(): () => void {
    const onPop = (event: PopStateEvent): void => this.#popped(event.state as EntryState | null);
    const onClick = (event: MouseEvent): void => this.#clicked(event);
    this.#window.addEventListener("popstate", onPop);
    this.#window.document.addEventListener("click", onClick);
    return () => {
      this.#window.removeEventListener("popstate", onPop);
      this.#window.document.removeEventListener("click", onClick);
    };
  }

  /** Who knows how far the view is scrolled. */
  scrollSource(read: () => number): void {
    this.#scrollNow = read;
  }

  /** Go to an address of the player. */
  go(path: string, { replace = false } = {}): void {
    if (!replace) this.#scrolls.set(this.#key, this.#scrollNow());
    const key = replace ? this.#key : this.#key + 1;
    const state: EntryState = { key };
    if (replace) this.#window.history.replaceState(state, "", path);
    else this.#window.history.pushState(state, "", path);
    this.#key = key;
    this.#arrive(null, replace ? this.#scrollNow() : 0);
  }

  /** Put a layer over the view; going back takes it away. */
  openLayer(layer: string): void {
    if (this.layer === layer) return;
    this.#scrolls.set(this.#key, this.#scrollNow());
    this.#key += 1;
    this.#window.history.pushState({ key: this.#key, layer } satisfies EntryState, "");
    this.layer = layer;
  }

  closeLayer(): void {
    if (this.layer !== null) this.#window.history.back();
  }

  back(): void {
    this.#window.history.back();
  }

  #popped(state: EntryState | null): void {
    this.#scrolls.set(this.#key, this.#scrollNow());
    this.#key = state?.key ?? 0;
    this.#arrive(state?.layer ?? null, this.#scrolls.get(this.#key) ?? 0);
  }

  #arrive(layer: string | null, scroll: number): void {
    const { pathname, search } = this.#window.location;
    const next = routeOf(pathname, search);
    const moved = !sameView(this.route, next);
    this.layer = layer;
    this.route = next;
    if (moved) {
      this.restore = scroll;
      this.arrivals += 1;
    }
  }

  #clicked(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    if (link.origin !== this.#window.location.origin || link.dataset["native"] !== undefined) return;
    if (/^\/(v1|hls|artwork)\//.test(link.pathname)) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}
