// Frames of a video: which of them to hold in memory. No page, no graphics: the loader is handed in.

import { Loads } from "./loads.js";

const FRAMES_MAX = 6;
const BYTES_MAX = 400e6;
const AHEAD = 2;

/**
 * Holds a few decoded frames around the one that is wanted. Frames that are dropped are disposed.
 */
export class FrameCache {
  #loads;
  #limits;
  #frames = new Map();
  #wanted = [];

  /**
   * @param load `(index, signal) => Promise<frame>`; a frame has `dispose()` and `bytes`
   * @param onArrival `(index)` a frame is there
   * @param onError `(index, error)` a frame could not be loaded; it is tried again when `retry` is called
   */
  constructor({ load, onArrival = () => {}, onError = () => {}, framesMax = FRAMES_MAX, bytesMax = BYTES_MAX }) {
    this.#limits = { framesMax, bytesMax };
    this.#loads = new Loads({
      wanted: () => this.#missing(),
      load,
      arrived: (index, frame) => this.#frames.set(index, frame),
      ended: (index) => (this.#loads.failed.has(index) ? onError(index, this.#loads.failed.get(index)) : onArrival(index)),
      late: (frame) => frame.dispose(),
    });
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
    this.#loads.go();
  }

  /** Try again what failed. */
  retry() {
    this.#loads.retry();
  }

  dispose() {
    this.#loads.dispose();
    for (const frame of this.#frames.values()) frame.dispose();
    this.#frames.clear();
    this.#wanted = [];
  }

  /** What is wanted and not there; of what follows as much as there is room for when its turn comes. */
  *#missing() {
    this.#drop();
    for (const index of this.#wanted) {
      if (this.#frames.has(index)) continue;
      if (index !== this.#wanted[0] && !this.#hasRoom()) return;
      yield index;
    }
  }

  get #bytes() {
    let sum = 0;
    for (const frame of this.#frames.values()) sum += frame.bytes;
    return sum;
  }

  #hasRoom() {
    const each = this.#frames.size ? this.#bytes / this.#frames.size : 0;
    return this.#bytes + each * (1 + this.#loads.count) <= this.#limits.bytesMax;
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
