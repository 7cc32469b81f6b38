/** Follows how a tall element lies in the area that scrolls it. */

export interface ViewportState {
  scrolled: number;
  viewport: number;
}

/** The nearest ancestor that scrolls vertically. */
export function scrollParent(element: HTMLElement): HTMLElement {
  for (let at = element.parentElement; at !== null; at = at.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(at).overflowY)) return at;
  }
  return document.documentElement;
}

export class Scroller {
  state = $state.raw<ViewportState>({ scrolled: 0, viewport: 0 });
  parent: HTMLElement | null = null;

  /** Follow `list`; an attachment, so it returns how to stop. */
  readonly follow = (list: HTMLElement): (() => void) => {
    const parent = scrollParent(list);
    this.parent = parent;
    const measure = (): void => {
      const scrolled = parent.getBoundingClientRect().top - list.getBoundingClientRect().top;
      const viewport = parent.clientHeight;
      if (scrolled !== this.state.scrolled || viewport !== this.state.viewport) this.state = { scrolled, viewport };
    };
    const resizes = new ResizeObserver(measure);
    resizes.observe(parent);
    resizes.observe(list);
    parent.addEventListener("scroll", measure, { passive: true });
    measure();
    return () => {
      resizes.disconnect();
      parent.removeEventListener("scroll", measure);
    };
  };

  /** Bring the list's own pixel `top` to the top of the view, or scroll by the difference asked for. */
  scrollTo(position: number): void {
    this.parent?.scrollBy({ top: position - this.state.scrolled });
  }
}
