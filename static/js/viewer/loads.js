// Loads by key, a few at once. They never queue up: when one ends, the next is chosen by what is wanted then.

const AT_ONCE = 2; // while one is unpacked the next one is on its way

export class Loads {
  #calls;
  #loading = new Set();
  #gone = new AbortController();
  failed = new Map(); // key → error; not tried again before `retry`

  /**
   * @param calls `wanted()` returns keys of what is missing, what matters most first; `load(key, signal)` promises it, `arrived(key, loaded)`
   *   takes it, `ended(key)` follows either way, and `late(loaded)` hears of what came after `dispose`
   */
  constructor(calls) {
    this.#calls = calls;
  }

  get count() {
    return this.#loading.size;
  }

  go() {
    if (this.#gone.signal.aborted) return;
    for (const key of this.#calls.wanted()) {
      if (this.#loading.size >= AT_ONCE) return;
      if (!this.#loading.has(key) && !this.failed.has(key)) this.#start(key);
    }
  }

  retry() {
    this.failed.clear();
    this.go();
  }

  dispose() {
    this.#gone.abort();
  }

  async #start(key) {
    this.#loading.add(key);
    const { signal } = this.#gone;
    try {
      const loaded = await this.#calls.load(key, signal);
      if (signal.aborted) return this.#calls.late?.(loaded);
      this.#calls.arrived(key, loaded);
    } catch (error) {
      if (signal.aborted) return;
      this.failed.set(key, error);
    }
    this.#loading.delete(key);
    this.#calls.ended(key);
    this.go();
  }
}
