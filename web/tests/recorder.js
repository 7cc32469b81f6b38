/** An audio worklet that passes sound through and reports every sample of it. */
class Recorder extends AudioWorkletProcessor {
  #block = new Float32Array(8192);
  #filled = 0;

  process([input], [output]) {
    const [left, right] = [input[0], input[1] ?? input[0]];
    for (let i = 0; i < output[0].length; i++) {
      const pair = [left?.[i] ?? 0, right?.[i] ?? 0];
      [output[0][i], output[1][i]] = pair;
      this.#block.set(pair, this.#filled);
      this.#filled += 2;
    }
    if (this.#filled === this.#block.length) {
      this.port.postMessage(this.#block.slice());
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
