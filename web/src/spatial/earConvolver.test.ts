import { describe, expect, it } from "vitest";
import { EarConvolver } from "./earConvolver";
import { Fourier } from "./fft";

const noise = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i * i * 0.37 + i));

/** Direct convolution of all inputs for one ear. */
function direct(taps: Float32Array, inputs: readonly Float32Array[], ear: number): Float64Array {
  const length = taps.length / 2 / inputs.length;
  const out = new Float64Array(inputs[0]?.length ?? 0);
  for (const [c, input] of inputs.entries()) {
    const from = (ear * inputs.length + c) * length;
    for (let t = 0; t < out.length; t++) {
      for (let k = 0; k < length && k <= t; k++) out[t] = (out[t] as number) + (taps[from + k] as number) * (input[t - k] as number);
    }
  }
  return out;
}

describe("convolution in parts", () => {
  it.each([
    [16, 100],
    [16, 16],
    [128, 256],
    [32, 1],
  ])("equals direct convolution, blocks of %i, %i taps", (block, length) => {
    const samples = block * Math.ceil(600 / block);
    const inputs = Array.from({ length: 4 }, (_, c) => noise(samples).map((value, i) => value * Math.cos(i * (c + 1))));
    const taps = noise(2 * 4 * length);
    const convolver = new EarConvolver(taps, 4, block);
    const made = [new Float32Array(samples), new Float32Array(samples)] as const;
    for (let at = 0; at < samples; at += block) {
      const now = inputs.map((input) => Float64Array.from(input.subarray(at, at + block)));
      convolver.push(now, made[0].subarray(at, at + block), made[1].subarray(at, at + block));
    }
    for (const ear of [0, 1] as const) {
      const expected = direct(taps, inputs, ear);
      const scale = Math.max(...expected.map(Math.abs));
      for (let t = 0; t < samples; t++) expect(Math.abs((made[ear][t] as number) - (expected[t] as number))).toBeLessThan(1e-6 * scale);
    }
  });

  it("refuses filters that are not two ears by its inputs", () => {
    expect(() => new EarConvolver(new Float32Array(2 * 4 * 10 + 1), 4, 128)).toThrow(RangeError);
    expect(() => new EarConvolver(new Float32Array(0), 4, 128)).toThrow(RangeError);
    expect(() => new Fourier(96)).toThrow(RangeError);
  });
});
