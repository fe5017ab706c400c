// How much is drawn: as much as this computer draws in time. Pure arithmetic: how long pictures took comes in, what the next one may cost goes out.

const QUICK_S = 0.3; // while moving: with fewer than three pictures a second people lose their way
const PATIENT_S = 1.5; // at rest
const HOPELESS_S = 1; // one picture of that kind is enough to know
const STEP = 4; // a level costs up to four times as much as the next
const PICTURES = 2; // the first one may have had to wait for shaders and textures
const ASKED = 6; // of pictures that were asked for, some show what was there before

const PIXEL_RATIOS = [2, 1, 0.5];
const BUDGETS = [400_000, 100_000, 25_000];
const WEAK_SPLATS = 25_000; // a processor takes 10 to 20 microseconds for each, however few pixels there are

/** From all there is to least: pixels of the picture per pixel of the page, and how many Gaussians at most. */
export function levelsFor({ count, canThin, pixelRatio }) {
  const ratios = PIXEL_RATIOS.filter((ratio) => ratio <= Math.max(1, pixelRatio));
  const budgets = canThin ? BUDGETS.filter((budget) => budget < count) : [];
  return [...ratios.map((pixels) => ({ pixels, splats: Infinity })), ...budgets.map((splats) => ({ pixels: 0.5, splats }))];
}

/** Chooses among levels: one that is quick while moving, and from there better ones at rest. */
export class Pace {
  #levels;
  #at;
  #moving;
  #best = 0; // level that one need not go beyond at rest
  #slow = 0;
  #shortest = Infinity;
  #pictures = 0;
  #asked = 0;

  /** @param isWeak whether it is known already that this computer draws slowly */
  constructor(levels, count, isWeak = false) {
    this.#levels = levels;
    const light = levels.findIndex(({ splats }) => Math.min(splats, count) <= WEAK_SPLATS);
    this.#moving = this.#at = isWeak ? (light + levels.length) % levels.length : 0;
  }

  get level() {
    return this.#levels[this.#at];
  }

  /** Whether moving goes with less than one pixel per pixel of the page, or with fewer Gaussians. */
  get isSlow() {
    return this.#levels[this.#moving].pixels < 1;
  }

  /** Whether nothing better will be drawn until the viewer moves. */
  get isFinal() {
    return this.#at <= this.#best;
  }

  /** Hear that a picture at this level took so long. */
  took(seconds) {
    this.#shortest = Math.min(this.#shortest, seconds);
    this.#pictures += 1;
    this.#slow = seconds > QUICK_S ? this.#slow + 1 : 0;
    const isTooMuch = this.#slow >= PICTURES || seconds > HOPELESS_S;
    if (this.#at >= this.#moving && isTooMuch) this.#moving = Math.min(this.#levels.length - 1, this.#at + stepsDown(seconds));
    else if (this.#at < this.#moving && seconds < QUICK_S / 2) this.#moving = this.#at;
  }

  /** Somebody moves. */
  move() {
    this.#best = 0;
    if (this.#at !== this.#moving) this.#go(this.#moving);
  }

  /** Nobody moves, and the last picture is done; returns whether another one is wanted. */
  rest() {
    if (this.isFinal) return false;
    if (this.#shortest * STEP <= PATIENT_S) this.#go(this.#at - 1);
    else if (this.#pictures >= PICTURES || ++this.#asked > ASKED) this.#stay();
    return true;
  }

  /** What takes too long even at rest is not drawn twice. */
  #stay() {
    const isTooMuch = this.#shortest > 2 * PATIENT_S && this.#at < this.#moving;
    if (isTooMuch) this.#go(this.#at + 1);
    this.#best = this.#at;
  }

  #go(at) {
    this.#at = at;
    this.#slow = this.#pictures = this.#asked = 0;
    this.#shortest = Infinity;
  }
}

const stepsDown = (seconds) => Math.max(1, Math.round(Math.log(seconds / QUICK_S) / Math.log(STEP)));
