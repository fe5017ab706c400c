// Which chunks of a clip lie in memory: those that live now, and those whose time comes next, as many as there is room for.
// No page, no graphics: reading and storing are handed in.

import { Loads } from "../loads.js";

/** Free stretches of a row of places. What is taken may lie in several: order does not matter to Gaussians. */
export class Places {
  #free;

  constructor(size) {
    this.#free = size ? [{ start: 0, count: size }] : [];
    this.left = size;
  }

  /** Take places; returns the stretches that they lie in, or null where too few are left. */
  take(count) {
    if (count > this.left) return null;
    this.left -= count;
    const taken = [];
    for (let missing = count; missing > 0; ) {
      const stretch = this.#free[0];
      const size = Math.min(missing, stretch.count);
      taken.push({ start: stretch.start, count: size });
      missing -= size;
      if (size === stretch.count) this.#free.shift();
      else Object.assign(stretch, { start: stretch.start + size, count: stretch.count - size });
    }
    return taken;
  }

  /** Give stretches back. */
  free(stretches) {
    const joined = [];
    for (const one of [...this.#free, ...stretches].sort((a, b) => a.start - b.start)) {
      const last = joined.at(-1);
      if (last && last.start + last.count === one.start) last.count += one.count;
      else joined.push({ ...one });
    }
    this.#free = joined;
    for (const { count } of stretches) this.left += count;
  }
}

/** The most Gaussians of `chunks` that live at one time. */
export function mostAtOnce(chunks) {
  const countAt = (time) => chunks.reduce((sum, { first, last, count }) => sum + (first <= time && time < last ? count : 0), 0);
  return Math.max(0, ...chunks.map(({ first }) => countAt(first)));
}

/** Holds chunks around a time that goes on and begins again at its end. */
export class Residents {
  #loads;
  #put;
  #chunks;
  #duration;
  #room;
  #places;
  #held = new Map(); // chunk → its stretches
  #time = 0;

  /**
   * @param chunks `first` and `last` second and `count` of each
   * @param room how many Gaussians there is room for; as many as live at one time at least
   * @param calls `read(chunk, signal)` promises what is put, `put(read, stretches)` stores it, `onArrival()` follows
   */
  constructor({ chunks, duration, room, read, put, onArrival }) {
    this.#put = put;
    this.#chunks = chunks;
    this.#duration = duration;
    this.#room = room;
    this.#places = new Places(room);
    this.#loads = new Loads({
      wanted: () => this.#missing(), load: read, arrived: (chunk, given) => this.#store(chunk, given), ended: () => onArrival(),
    });
  }

  get held() {
    return [...this.#held.keys()];
  }

  /** Whether all that lives at a time is in memory. */
  isThere(time) {
    return this.#chunks.every((chunk) => !lives(chunk, time) || this.#held.has(chunk));
  }

  /** Why something that lives at a time cannot be had, or null. */
  errorAt(time) {
    for (const [chunk, error] of this.#loads.failed) if (lives(chunk, time)) return error;
    return null;
  }

  /** Want what lives at a time, and after it what follows. */
  want(time) {
    this.#time = time;
    this.#loads.go();
  }

  /** Try again what failed. */
  retry() {
    this.#loads.retry();
  }

  dispose() {
    this.#loads.dispose();
  }

  /** The chunks in the order in which their time comes. */
  #inOrder() {
    const until = (chunk) => (lives(chunk, this.#time) ? 0 : modulo(chunk.first - this.#time, this.#duration));
    return [...this.#chunks].sort((a, b) => until(a) - until(b));
  }

  #wanted() {
    let sum = 0;
    return this.#inOrder().filter(({ count }) => (sum += count) <= this.#room);
  }

  #missing() {
    const isAll = this.#held.size + this.#loads.failed.size === this.#chunks.length;
    return isAll ? [] : this.#wanted().filter((chunk) => !this.#held.has(chunk));
  }

  /** Put a chunk where there is room, which those make whose time comes last; one that nobody wants any more is let go. */
  #store(chunk, read) {
    const wanted = this.#wanted();
    if (!wanted.includes(chunk)) return;
    for (const other of this.#inOrder().reverse()) {
      if (this.#places.left >= chunk.count) break;
      if (this.#held.has(other) && !wanted.includes(other)) this.#drop(other);
    }
    const stretches = this.#places.take(chunk.count);
    this.#put(read, stretches);
    this.#held.set(chunk, stretches);
  }

  #drop(chunk) {
    this.#places.free(this.#held.get(chunk));
    this.#held.delete(chunk);
  }
}

const lives = ({ first, last }, time) => first <= time && time < last;

const modulo = (value, base) => ((value % base) + base) % base;
