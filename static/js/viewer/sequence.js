// Frames of a video: which of them to hold in memory, and which one to show when. No page, no graphics: the loader is handed in.

const FRAMES_MAX = 6;
const BYTES_MAX = 400e6;
const AHEAD = 2;
const AT_ONCE = 2;
const ROUNDING = 1e-6;

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

/** The clock of a video: which frame is wanted at what time. Where drawing or loading is slow, it waits: no frame is left out. */
export class Clock {
  playing = false;
  speed = 1;
  loop = true;
  #frame = 0;
  #passed = 0; // share of the frame's time that has passed

  constructor(fps, count) {
    this.fps = fps;
    this.count = count;
  }

  get frame() {
    return Math.min(this.count - 1, this.#frame);
  }

  get ended() {
    return !this.loop && this.frame === this.count - 1;
  }

  /** The wanted frame and those that follow, in the order in which they will be shown. */
  upcoming(number = 3) {
    const indices = [];
    for (let i = 0; i < Math.min(number, this.count); i++) {
      const index = this.frame + i;
      if (index < this.count) indices.push(index);
      else if (this.loop) indices.push(index % this.count);
    }
    return indices;
  }

  seek(frame) {
    this.#frame = Math.max(0, Math.min(this.count - 1, frame));
    this.#passed = 0;
  }

  /**
   * Go on by `dt` seconds, by one frame at most, and not past one that has not been drawn, by `isDrawn(frame)`; without a loop
   * the last one is the end. Returns the wanted frame.
   */
  advance(dt, isDrawn) {
    if (!this.playing || this.count < 2) return this.frame;
    this.#passed += dt * this.speed * this.fps;
    if (this.#passed < 1 - ROUNDING) return this.frame;
    if (!isDrawn(this.frame)) this.#passed = 1;
    else if (this.ended) this.playing = false;
    else this.#next();
    return this.frame;
  }

  #next() {
    this.#frame = (this.frame + 1) % this.count;
    this.#passed = Math.max(0, this.#passed - 1) % 1; // what drawing lags behind is not made up for
  }
}
