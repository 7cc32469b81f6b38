/** An audio worklet that passes sound through and tells, for each block, when it was made and how loud each ear is. */
class Ears extends AudioWorkletProcessor {
  #told = [];

  process([input], [output]) {
    const power = [0, 1].map((ear) => {
      const samples = input[ear] ?? input[0];
      if (!samples) return 0;
      output[ear].set(samples);
      return samples.reduce((sum, value) => sum + value * value, 0);
    });
    this.#told.push([Date.now(), ...power]);
    if (this.#told.length === 16) this.port.postMessage(this.#told.splice(0));
    return true;
  }
}

registerProcessor("ears", Ears);
