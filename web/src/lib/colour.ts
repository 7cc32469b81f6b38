/** Colours taken from artwork, made readable. Pure. */

export type Theme = "dark" | "light";

interface Lch {
  l: number;
  c: number;
  h: number;
}

/** What a page takes from its artwork. */
export interface Tint {
  /** For text, icons and filled buttons: at least 4.5:1 against the ground. */
  accent: string;
  /** Readable on `accent`. */
  onAccent: string;
  /** The colour behind the hero, as strong as the theme bears. */
  wash: string;
}

const GROUND = { dark: "131110", light: "faf7f1" } as const;
const READABLE = 4.6;

/** The tint for artwork colours (`rrggbb`, most important first), or null when they are all grey. */
export function tintOf(colours: readonly string[], theme: Theme): Tint | null {
  const parsed = colours.map(parseHex).filter((rgb) => rgb !== null);
  const first = parsed[0];
  if (first === undefined) return null;
  const lchs = parsed.map(toLch);
  const vivid = lchs.reduce((best, next) => (next.c > best.c + 0.02 ? next : best));
  const base = vivid.c < 0.03 ? null : vivid;
  const wash = washOf(washBase(toLch(first), base), theme);
  if (base === null) return { ...NEUTRAL[theme], wash };
  const accent = readable(base, theme);
  return { accent, onAccent: contrast(accent, "120d06") >= contrast(accent, "ffffff") ? "#120d06" : "#ffffff", wash };
}

const NEUTRAL = {
  dark: { accent: "#efe6d8", onAccent: "#1c1815" },
  light: { accent: "#3d352d", onAccent: "#fffaf2" },
} as const;

/** The ground's own hue, at least as colourful as a cover with colour deserves; a grey ground takes the colour. */
function washBase(ground: Lch, vivid: Lch | null): Lch {
  if (vivid === null) return ground;
  return ground.c < 0.02 ? vivid : { ...ground, c: Math.max(ground.c, Math.min(vivid.c, 0.085)) };
}

function washOf({ l, c, h }: Lch, theme: Theme): string {
  const light = theme === "dark" ? Math.min(Math.max(l, 0.3), 0.46) : Math.max(Math.min(l, 0.86), 0.78);
  return toHex({ l: light, c: Math.min(c, theme === "dark" ? 0.13 : 0.09), h });
}

function readable({ c, h }: Lch, theme: Theme): string {
  const step = theme === "dark" ? 0.015 : -0.015;
  let l = theme === "dark" ? 0.76 : 0.5;
  let hex = toHex({ l, c: Math.min(c, 0.15), h });
  while (contrast(hex, GROUND[theme]) < READABLE && l > 0.05 && l < 0.97) {
    l += step;
    hex = toHex({ l, c: Math.min(c, 0.15), h });
  }
  return hex;
}

/** The WCAG contrast ratio of two `rrggbb` colours. */
export function contrast(one: string, other: string): number {
  const a = luminance(one);
  const b = luminance(other);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** A steady hue in degrees for a name, for things that have no artwork. */
export function hueOf(name: string): number {
  let hash = 2166136261;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 16777619);
  return (hash >>> 0) % 360;
}

type Rgb = [number, number, number];

function parseHex(hex: string): Rgb | null {
  const match = /^#?([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(hex);
  if (!match) return null;
  return [1, 2, 3].map((at) => Number.parseInt(match[at] as string, 16) / 255) as Rgb;
}

function luminance(hex: string): number {
  const [r, g, b] = (parseHex(hex) ?? [0, 0, 0]).map(linear) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const linear = (v: number): number => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const coded = (v: number): number => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);

// OKLab after Björn Ottosson, "A perceptual color space for image processing" (2020).
function toLch(rgb: Rgb): Lch {
  const [r, g, b] = rgb.map(linear) as Rgb;
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return {
    l: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    c: Math.hypot(a, bb),
    h: Math.atan2(bb, a),
  };
}

function toHex({ l, c, h }: Lch): string {
  const a = c * Math.cos(h);
  const b = c * Math.sin(h);
  const l3 = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m3 = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s3 = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const rgb = [
    4.0767416621 * l3 - 3.3077115913 * m3 + 0.2309699292 * s3,
    -1.2684380046 * l3 + 2.6097574011 * m3 - 0.3413193965 * s3,
    -0.0041960863 * l3 - 0.7034186147 * m3 + 1.707614701 * s3,
  ];
  return `#${rgb.map((v) => byte(coded(Math.min(Math.max(v, 0), 1)))).join("")}`;
}

const byte = (v: number): string =>
  Math.round(v * 255)
    .toString(16)
    .padStart(2, "0");
