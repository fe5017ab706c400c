// A video in the scene: its clock, its frames in memory, and the one that is shown.

import { FrameCache } from "./sequence.js";

/**
 * Plays by a `Clock` into `show(frame, index)`; `load(url, index, signal)` decodes a frame. The next one is handed over only when `isDrawn()` says that
 * the one before has been drawn, and the clock waits for that too: where drawing is slow, the film is slower, and no frame is left out.
 */
export class Film {
  shown = -1;
  #errors = new Map();
  #urls = [];
  #cache;
  #show;
  #isDrawn;
  #waited = 0;

  constructor({ clock, load, show, isDrawn }) {
    this.clock = clock;
    this.#show = show;
    this.#isDrawn = isDrawn;
    this.#cache = new FrameCache({
      load: (index, signal) => load(this.#urls[index], index, signal),
      onArrival: (index) => this.#arrived(index),
      onError: (index, error) => this.#errors.set(index, error),
    });
  }

  /** The frames so far; those that were there before keep their places. */
  setUrls(urls) {
    this.#urls = urls;
    this.clock.count = urls.length;
    this.#want();
  }

  urlOf(index) {
    return this.#urls[index];
  }

  /** Why the frame that the clock stands at cannot be shown, if so: `index` and `error`, or null. */
  get error() {
    const index = this.clock.frame;
    return this.#errors.has(index) ? { index, error: this.#errors.get(index) } : null;
  }

  /** Whether the frame that the clock stands at has been handed over. */
  get isUpToDate() {
    return this.shown === this.clock.frame;
  }

  /** For how many seconds the wanted frame has been missing. */
  get waited() {
    return this.#waited;
  }

  /** Go on by `dt` seconds; returns whether another frame is wanted now. */
  tick(dt) {
    const before = this.clock.frame;
    this.clock.advance(dt, (index) => index === this.shown && this.#isDrawn());
    this.#waited = this.isUpToDate ? 0 : this.#waited + dt;
    if (this.clock.frame === before && this.isUpToDate) return false;
    this.#want();
    return this.clock.frame !== before;
  }

  retry() {
    this.#errors.clear();
    this.#cache.retry();
  }

  dispose() {
    this.#cache.dispose();
  }

  #want() {
    if (this.clock.count === 0) return;
    this.#cache.want(this.clock.upcoming());
    this.#present(this.clock.frame);
  }

  /** While the viewer scrubs faster than frames arrive, those that do arrive are shown. */
  #arrived(index) {
    const { frame } = this.clock;
    const nearer = Math.abs(index - frame) < Math.abs(this.shown - frame);
    if (index === frame || this.shown < 0 || (!this.clock.playing && nearer && !this.#cache.get(frame))) this.#present(index);
  }

  #present(index) {
    const frame = this.#cache.get(index);
    if (!frame || index === this.shown || (this.shown >= 0 && !this.#isDrawn())) return;
    this.shown = index;
    this.#show(frame, index);
  }
}
