/** In which form a song is heard: as stereo, or as a field for a head that turns. Pure. */

import { CEILING } from "./abr";
import type { Grant, Immersion, Quality, SpatialRendition, SpatialWish, Variant } from "./types";

/** What an element hands to the audio graph: songs of one form can follow one another in it without a seam. */
export type Form = "stereo" | "field";

export interface Offer {
  readonly form: Form;
  /** The rungs to choose from. */
  readonly variants: readonly Variant[];
  /** Besides the song's own loudness. */
  readonly gainDb: number;
  readonly immersion: Immersion | null;
}

export interface Circumstances {
  readonly wish: SpatialWish;
  readonly quality: Quality;
  /** Null before anything was measured. */
  readonly bitsPerSecond: number | null;
  /** Whether a field can be handed to a head that turns here. */
  readonly tracked: boolean;
  /** Whether the browser can append it. */
  readonly plays: (variant: Variant) => boolean;
}

/** The share of the measured rate that a rendition may need: it has no lower rung of its own. */
const SAFE = 0.7;

/** The best way to hear a song as things are: the field, ears that were turned ahead, or stereo. */
export function offerOf(grant: Grant, as: Circumstances): Offer {
  const { renditions = [], scene = null } = as.wish === "off" ? {} : (grant.spatial ?? {});
  const best = (kind: Immersion["kind"]): SpatialRendition | undefined =>
    renditions.find((one) => one.kind === kind && as.plays(one) && isWorth(one, as));
  const field = as.tracked ? best("ambisonics") : undefined;
  if (field) return inSpace(field, "field", { kind: "ambisonics", scene });
  const ears = best("binaural");
  if (ears) return inSpace(ears, "stereo", { kind: "binaural", scene });
  return { form: "stereo", variants: grant.variants.filter(as.plays), gainDb: 0, immersion: null };
}

function inSpace(rendition: SpatialRendition, form: Form, immersion: Immersion): Offer {
  return { form, variants: [rendition], gainDb: rendition.gainDb, immersion };
}

/** Who wants it always gets it; else the chosen quality and the network have their say. */
function isWorth({ averageBandwidth }: Variant, { wish, quality, bitsPerSecond }: Circumstances): boolean {
  if (wish === "always") return true;
  return averageBandwidth <= CEILING[quality] && (bitsPerSecond === null || averageBandwidth <= SAFE * bitsPerSecond);
}
