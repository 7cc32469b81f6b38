import { expect, test } from "vitest";
import { allowed, choose, shouldAbandon, Throughput } from "./abr";
import type { Variant } from "./types";

function rung(name: string, kbps: number, lossless = false): Variant {
  const bytes = (kbps * 1000 * 6) / 8;
  return {
    rung: name,
    averageBandwidth: kbps * 1000,
    bandwidth: kbps * 1050,
    sampleRate: 44_100,
    lossless,
    segments: [[6 * 44_100, bytes]],
  } as unknown as Variant;
}

const LADDER = [rung("aac-64", 66), rung("aac-128", 131), rung("aac-256", 260), rung("flac", 870, true)];

function chosen(throughput: Throughput, bufferedSeconds: number, present: string | null): string | undefined {
  return choose({
    variants: LADDER,
    quality: "auto",
    bitsPerSecond: throughput.bitsPerSecond,
    bufferedSeconds,
    rung: present,
    proposed: "flac",
  })?.rung;
}

test("nothing measured yet: the server's proposal", () => {
  expect(chosen(new Throughput(), 0, null)).toBe("flac");
});

test("the highest rung that the network carries with a margin", () => {
  const throughput = new Throughput();
  throughput.add(250_000, 4000);
  expect(chosen(throughput, 3, null)).toBe("aac-256");
});

test("up only with enough in the buffer", () => {
  const throughput = new Throughput();
  throughput.add(4_000_000, 4000);
  expect(chosen(throughput, 2, "aac-64")).toBe("aac-64");
  expect(chosen(throughput, 8, "aac-64")).toBe("flac");
});

test("a transfer that was given up is not chosen again", () => {
  const throughput = new Throughput();
  throughput.add(600_000, 4000);
  const slow = 160_000;
  const variant = LADDER[2] as Variant;
  const transfer = { variant, variants: LADDER, quality: "auto" as const, bytesLeft: 190_000, bitsPerSecond: slow };
  expect(shouldAbandon({ ...transfer, bufferedSeconds: 5 })).toBe(true);
  throughput.fellTo(slow);
  expect(chosen(throughput, 5, "aac-256")).toBe("aac-64");
});

test("after a fall the estimate climbs with what is measured then", () => {
  const throughput = new Throughput();
  throughput.fellTo(100_000);
  throughput.add(2_500_000, 8000);
  expect(throughput.bitsPerSecond).toBeGreaterThan(1_500_000);
});

test("a lossless rung that is smaller than a lossy one takes its place", () => {
  const quiet = [...LADDER.slice(0, 3), rung("flac", 228, true)];
  expect(allowed(quiet, "auto").map(({ rung }) => rung)).toEqual(["aac-64", "aac-128", "flac"]);
  expect(allowed(quiet, "high").map(({ rung }) => rung)).toEqual(["aac-64", "aac-128", "aac-256"]);
});
