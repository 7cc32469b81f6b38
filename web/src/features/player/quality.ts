/** What is sounding, in words. Pure. */

import type { Decision, PlayingVariant } from "../../engine";
import { kilobits, kilohertz } from "../../lib/format";

export interface QualityLabel {
  /** `Lossless`, `Hi-Res Lossless`, `High`, `Standard`, `Low`. */
  grade: string;
  /** `16-bit / 44.1 kHz`, `256 kbps`. */
  figures: string;
  codec: string;
}

const HIGH = 200_000;
const STANDARD = 100_000;

/** The badge for a variant; `fromLossy` when the master itself was coded with loss, `spatial` when it is heard in space. */
export function qualityOf(variant: PlayingVariant, { fromLossy = false, spatial = false } = {}): QualityLabel {
  const codec = codecName(variant.codecs);
  if (spatial) return { grade: "Spatial", figures: kilobits(variant.bitsPerSecond), codec };
  if (variant.lossless) {
    const hiRes = variant.bitDepth > 16 || variant.sampleRate > 48_000;
    const depth = variant.bitDepth > 0 ? `${variant.bitDepth}-bit / ` : "";
    const grade = fromLossy ? "Original" : hiRes ? "Hi-Res Lossless" : "Lossless";
    return { grade, figures: `${depth}${kilohertz(variant.sampleRate)}`, codec };
  }
  const grade = variant.bitsPerSecond >= HIGH ? "High" : variant.bitsPerSecond >= STANDARD ? "Standard" : "Low";
  return { grade, figures: kilobits(variant.bitsPerSecond), codec };
}

export function codecName(codecs: string): string {
  if (/flac/i.test(codecs)) return "FLAC";
  if (/alac/i.test(codecs)) return "ALAC";
  if (/^mp4a/i.test(codecs)) return "AAC";
  if (/opus/i.test(codecs)) return "Opus";
  return codecs;
}

/** A rung of the ladder as listeners would call it. */
export function rungName(rung: string): string {
  const aac = /^aac-?(\d+)/i.exec(rung);
  return aac ? `AAC ${aac[1]} kbps` : codecName(rung);
}

export interface Reason {
  title: string;
  text: string;
}

/** The server's decision, one line for each reason and each rung left out. */
export function reasonsOf(decision: Decision): { why: Reason[]; leftOut: Reason[] } {
  return {
    why: decision.reasons.map(({ code, detail }) => ({ title: sentence(code), text: detail ?? "" })),
    leftOut: decision.excluded.map(({ rung, code, detail }) => ({ title: rungName(rung), text: detail ?? sentence(code) })),
  };
}

function sentence(code: string): string {
  const words = code.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
