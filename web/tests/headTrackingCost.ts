/** How much of a core a head-tracked field takes: run in Node, prints microseconds per block of 128 samples. */

import { poseOf } from "../src/spatial/pose";
import { BLOCK, HeadRenderer } from "../src/spatial/headRenderer";
import { COMPONENTS } from "../src/spatial/rotation";

const BLOCKS = 8000;
const ROUNDS = 7;

const noise = (count: number): Float32Array => Float32Array.from({ length: count }, () => Math.random() * 2 - 1);

function cost(taps: number, turning: boolean): number {
  const renderer = new HeadRenderer(noise(2 * COMPONENTS * taps));
  const field = Array.from({ length: COMPONENTS }, () => noise(BLOCK));
  const [left, right] = [new Float32Array(BLOCK), new Float32Array(BLOCK)];
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = process.cpuUsage();
    for (let n = 0; n < BLOCKS; n++) {
      if (turning) renderer.look(poseOf({ yaw: n, pitch: n / 3, roll: n / 7 }));
      renderer.render(field, left, right);
    }
    const spent = process.cpuUsage(began);
    rounds.push((spent.user + spent.system) / BLOCKS);
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN;
}

declare const process: { cpuUsage(since?: unknown): { user: number; system: number } };

console.log(JSON.stringify({ still: cost(256, false), turning: cost(256, true), long: cost(512, true) }));
