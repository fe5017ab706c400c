// The clocks of what plays, as the timeline shows them: of frames, and of a scene that moves.

const ROUNDING = 1e-6;

/** "0:07.4" of seconds. */
export function clockTime(seconds) {
  const tenths = Math.round(seconds * 10);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
}

/** The clock of a video of frames: which one is wanted at what time. Where drawing or loading is slow, it waits: no frame is left out. */
export class Clock {
  playing = false;
  speed = 1;
  loop = true;
  step = 1; // of positions, which are frames
  #frame = 0;
  #passed = 0; // share of the frame's time that has passed

  constructor(fps, count) {
    this.fps = fps;
    this.count = count;
  }

  /** The wanted frame; the first one also before there is any. */
  get frame() {
    return Math.max(0, Math.min(this.count - 1, this.#frame));
  }

  get position() {
    return this.frame;
  }

  get lastPosition() {
    return Math.max(0, this.count - 1);
  }

  get canPlay() {
    return this.count > 1;
  }

  get ended() {
    return !this.loop && this.frame === this.count - 1;
  }

  /** Where it stands, in short, and for those who hear it. */
  get words() {
    return `${clockTime(this.frame / this.fps)} · ${this.frame + 1}/${this.count}`;
  }

  get spokenWords() {
    return `${clockTime(this.frame / this.fps)} of ${clockTime((this.count - 1) / this.fps)}, frame ${this.frame + 1} of ${this.count}`;
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

/** The clock of a scene that moves: any moment from 0 s until just before its end. Its length is known once the file is opened. */
export class MovingClock {
  playing = false;
  speed = 1;
  loop = true;
  step = "any"; // of positions, which are seconds
  duration = 0;
  #time = 0;

  get time() {
    return this.#time;
  }

  get position() {
    return this.#time;
  }

  get lastPosition() {
    return this.duration;
  }

  get canPlay() {
    return this.duration > 0;
  }

  get ended() {
    return !this.loop && this.#time >= this.#end;
  }

  get words() {
    return `${clockTime(this.#time)} / ${clockTime(this.duration)}`;
  }

  get spokenWords() {
    return `${clockTime(this.#time)} of ${clockTime(this.duration)}`;
  }

  seek(time) {
    this.#time = Math.max(0, Math.min(this.#end, time));
  }

  /** Go on by `dt` seconds where the moment then `canCome(time)`; without a loop the end is the end. */
  advance(dt, canCome) {
    if (!this.playing || !this.canPlay) return;
    const time = this.#time + dt * this.speed;
    if (time > this.#end && !this.loop) {
      this.seek(this.#end);
      this.playing = false;
    } else if (canCome(time % this.duration)) this.#time = time % this.duration;
  }

  /** The last moment before the end: windows end just before theirs. */
  get #end() {
    return this.duration * (1 - ROUNDING);
  }
}
