/** What the page and the worklet tell each other. */

import type { Hearing } from "./fieldListener";
import type { Quaternion } from "./pose";

export const PROCESSOR = "antiphon-field";

export type ToWorklet =
  | { readonly type: "wear"; readonly taps: Float32Array }
  | { readonly type: "look"; readonly pose: Quaternion }
  | { readonly type: "hear"; readonly hearing: Hearing }
  | { readonly type: "end" };

/** How many channels arrive; told at each change while there is sound. */
export interface FromWorklet {
  readonly type: "channels";
  readonly count: number;
}
