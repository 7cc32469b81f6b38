/** Deals as bars on a common axis of time. Pure. */

import type { Deal } from "../../api/rights";

const DAY = 86_400_000;
/** What has no end, or no beginning, is drawn this far beyond what has. */
const MARGIN = 60 * DAY;

export interface Bar {
  readonly deal: Deal;
  /** From 0 to 1 on the axis. */
  readonly from: number;
  readonly to: number;
  readonly opensEnded: boolean;
  readonly startsEarlier: boolean;
  /** Whether the deal holds at this moment. */
  readonly isNow: boolean;
}

export interface Timeline {
  readonly bars: readonly Bar[];
  readonly now: number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

/** Lay deals out around `now` (Unix milliseconds). */
export function timelineOf(deals: readonly Deal[], now: number): Timeline {
  const moments = deals.flatMap(({ start, end }) => [at(start), at(end)]).filter((one) => one !== null);
  const first = Math.min(now, ...moments) - MARGIN;
  const last = Math.max(now, ...moments) + MARGIN;
  const place = (moment: number): number => (moment - first) / (last - first);
  const bars = deals.map((deal) => {
    const [start, end] = [at(deal.start), at(deal.end)];
    const isNow = (start === null || start <= now) && (end === null || now < end) && !deal.isTakenDown && deal.opensHere !== false;
    return {
      deal,
      from: place(start ?? first),
      to: place(end ?? last),
      opensEnded: end === null,
      startsEarlier: start === null,
      isNow,
    };
  });
  return { bars, now: place(now), ticks: ticksBetween(first, last).map(({ moment, label }) => ({ at: place(moment), label })) };
}

function at(iso: string | undefined): number | null {
  const moment = iso === undefined ? Number.NaN : Date.parse(iso);
  return Number.isNaN(moment) ? null : moment;
}

/** Years where there are several, else quarters. */
function ticksBetween(first: number, last: number): { moment: number; label: string }[] {
  const years = (last - first) / (365 * DAY);
  const step = years > 24 ? 5 : 1;
  const from = new Date(first).getUTCFullYear();
  const to = new Date(last).getUTCFullYear();
  const months = years > 2.5 ? [0] : [0, 3, 6, 9];
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
    .filter((year) => year % step === 0)
    .flatMap((year) => months.map((month) => ({ moment: Date.UTC(year, month, 1), label: labelOf(year, month) })))
    .filter(({ moment }) => moment > first && moment < last);
}

function labelOf(year: number, month: number): string {
  return month === 0 ? String(year) : `Q${String(month / 3 + 1)}`;
}
