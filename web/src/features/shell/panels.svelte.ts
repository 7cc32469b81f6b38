/** What stands beside the view on wide windows. */

export type Side = "queue" | "lyrics";

export class Panels {
  side = $state<Side | null>(null);

  toggle(side: Side): void {
    this.side = this.side === side ? null : side;
  }
}
