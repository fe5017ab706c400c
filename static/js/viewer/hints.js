// Two hints for those who are here for the first time, and no more.

import { recall, remember } from "../storage.js";

const SEEN = "spag4d.hints";
const AFTER_MS = 4000; // the second follows what was done after the first, which is seen for 3.5 s
const WORDS = {
  mouse: ["Drag to look around. W A S D to walk.", "Double-click to go somewhere. ? shows all keys."],
  touch: ["Drag to look around. Two fingers move you.", "Tap twice to go somewhere."],
};

/** Says them in a `notice`, once the visitor stands in a scene and once they have looked around. */
export class Hints {
  #notice;
  #said = recall(SEEN) ?? 0;
  #saidAt = 0;

  constructor(notice) {
    this.#notice = notice;
  }

  /** The visitor is in a scene. */
  arrived() {
    if (this.#said === 0) this.#say();
  }

  /** The visitor has done something. */
  used() {
    if (this.#said === 1 && performance.now() - this.#saidAt > AFTER_MS) this.#say();
  }

  #say() {
    const words = WORDS[matchMedia("(pointer: coarse)").matches ? "touch" : "mouse"];
    this.#notice.glimpse(words[this.#said]);
    remember(SEEN, ++this.#said);
    this.#saidAt = performance.now();
  }
}
