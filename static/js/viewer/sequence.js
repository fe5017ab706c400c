// Frames of a video: which of them to hold in memory. No page, no graphics: the loader is handed in.

const FRAMES_MAX = 6;
const BYTES_MAX = 400e6;
const AHEAD = 2;
const AT_ONCE = 2;

/**
 * Holds a few decoded frames around the one that is wanted. Loads never queue up: when one ends, the next is chosen by what is
 * wanted then. Frames that are dropped are disposed.
 */
export class FrameCache {
  #load;
  #onArrival;
  #onError;
  #limits;
  #frames = new Map();
  #loading = new Map();
  #failed = new Map();
  #wanted = [];
  #gone = new AbortController();

  /**
   * @param load `(index, signal) => Promise<frame>`; a frame has `dispose()` and `bytes`
   * @param onArrival `(index)` a frame is there
   * @param onError `(index, error)` a frame could not be loaded; it is tried again when `retry` is called
   */
  constructor({ load, onArrival = () => {}, onError = () => {}, framesMax = FRAMES_MAX, bytesMax = BYTES_MAX }) {
    this.#load = load;
    this.#onArrival = onArrival;
    this.#onError = onError;
    this.#limits = { framesMax, bytesMax };
  }

  get(index) {
    return this.#frames.get(index) ?? null;
  }

  get held() {
    return [...this.#frames.keys()];
  }

  /** Want a frame now, and those that follow it next; the first of the list matters most. */
  want(indices) {
    this.#wanted = indices.slice(0, 1 + AHEAD);
    this.#go();
  }

  /** Try again what failed. */
  retry() {
    this.#failed.clear();
    this.#go();
  }

  dispose() {
    this.#gone.abort();
    for (const frame of this.#frames.values()) frame.dispose();
    this.#frames.clear();
    this.#wanted = [];
  }

  #go() {
    if (this.#gone.signal.aborted) return;
    this.#drop();
    for (const index of this.#wanted) {
      if (this.#loading.size >= AT_ONCE) return;
      if (this.#frames.has(index) || this.#loading.has(index) || this.#failed.has(index)) continue;
      if (index !== this.#wanted[0] && !this.#hasRoom()) return;
      this.#fetch(index);
    }
  }

  async #fetch(index) {
    this.#loading.set(index, true);
    try {
      const frame = await this.#load(index, this.#gone.signal);
      if (this.#gone.signal.aborted) return frame.dispose();
      this.#frames.set(index, frame);
    } catch (error) {
      if (this.#gone.signal.aborted) return;
      this.#failed.set(index, error);
    } finally {
      this.#loading.delete(index);
    }
    if (this.#failed.has(index)) this.#onError(index, this.#failed.get(index));
    else this.#onArrival(index);
    this.#go();
  }

  get #bytes() {
    let sum = 0;
    for (const frame of this.#frames.values()) sum += frame.bytes;
    return sum;
  }

  #hasRoom() {
    const each = this.#frames.size ? this.#bytes / this.#frames.size : 0;
    return this.#bytes + each * (1 + this.#loading.size) <= this.#limits.bytesMax;
  }

  /** Drop frames that are not wanted, the oldest first, then those wanted last; the one wanted first always stays. */
  #drop() {
    const idle = this.held.filter((index) => !this.#wanted.includes(index));
    const late = this.#wanted.slice(1).reverse().filter((index) => this.#frames.has(index));
    for (const index of [...idle, ...late]) {
      if (this.#frames.size <= this.#limits.framesMax && this.#bytes <= this.#limits.bytesMax) return;
      this.#frames.get(index).dispose();
      this.#frames.delete(index);
    }
  }
}
