/** Values as listeners read them. All pure; the locale is the browser's. */

/** A position or length as `3:07` or `1:02:09`. */
export function clock(ms: number): string {
  const total = Number.isFinite(ms) && ms > 0 ? Math.floor(ms / 1000) : 0;
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = String(total % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/** A length as words: `48 minutes`, `1 hour 12 minutes`. */
export function lengthInWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return plural(Math.max(1, Math.round(ms / 1000)), "second");
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours === 0) return plural(minutes, "minute");
  return rest === 0 ? plural(hours, "hour") : `${plural(hours, "hour")} ${plural(rest, "minute")}`;
}

/** A position as a screen reader should say it. */
export function spokenTime(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(total / 60);
  const seconds = total % 60;
  if (minutes === 0) return plural(seconds, "second");
  return `${plural(minutes, "minute")} ${plural(seconds, "second")}`;
}

/** `1 song`, `2 songs`, `12,000 songs`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

/** The year of an ISO-like date (`1997`, `1997-05`, `1997-05-21`), or an empty string. */
export function year(date: string | null | undefined): string {
  return /^\d{4}/.exec(date ?? "")?.[0] ?? "";
}

/** A day as the listener's locale writes it; an empty string when there is none. */
export function day(iso: string | null | undefined): string {
  const at = iso ? Date.parse(iso) : Number.NaN;
  if (Number.isNaN(at)) return "";
  return new Date(at).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

/** How long ago, coarse enough to stay true while the page is open. */
export function ago(iso: string | null | undefined, now: number): string {
  const at = iso ? Date.parse(iso) : Number.NaN;
  if (Number.isNaN(at)) return "";
  const minutes = Math.round((now - at) / 60_000);
  if (minutes < 2) return "just now";
  if (minutes < 60) return `${minutes} minutes ago`;
  const hours = Math.round(minutes / 60);
  if (hours < 24) return hours === 1 ? "an hour ago" : `${hours} hours ago`;
  const days = Math.round(hours / 24);
  if (days < 30) return days === 1 ? "yesterday" : `${days} days ago`;
  return day(iso);
}

/** `44.1 kHz`, `96 kHz`. */
export function kilohertz(rate: number): string {
  return `${Number((rate / 1000).toFixed(1))} kHz`;
}

/** `256 kbps`, from bits per second. */
export function kilobits(bandwidth: number): string {
  return `${Math.round(bandwidth / 1000)} kbps`;
}

/** The artwork address for a drawn width: the smallest stored size that covers it. */
export function artworkUrl(template: string, cssPixels: number, density = 1): string {
  const wanted = cssPixels * Math.min(density, 2);
  const size = ARTWORK_SIZES.find((stored) => stored >= wanted) ?? 1200;
  return template.replace("{w}", String(size));
}

const ARTWORK_SIZES = [64, 128, 300, 600, 1200];

/** A standard's word as people write it: `MainArtist` is a main artist. */
export function spaced(word: string): string {
  const words = word.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
