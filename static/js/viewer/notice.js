// What the stage has to say: loads with a bar, faults with a button, and short hints.

import { element } from "../dom.js";

const HINT_MS = 3500;

/** The words over the picture, and the same for screen readers. */
export class Notice {
  #hintEnds = 0;

  constructor() {
    this.words = element("span", { class: "notice-words" });
    this.bar = element("progress", { class: "notice-bar", max: 1, "aria-label": "Loading" });
    this.again = element("button", { type: "button", class: "button" }, "Try again");
    this.box = element("div", { class: "notice" }, this.words, this.bar, this.again);
    this.hint = element("div", { class: "notice notice-hint" });
    this.live = element("p", { class: "visually-hidden", "aria-live": "polite" });
    this.element = element("div", { class: "notices" }, this.hint, this.box, this.live);
    this.hint.hidden = true;
    this.clear();
  }

  /** Say something that stays, with a bar where `share` is given (null: it is not known how much). */
  say(words, share) {
    this.#set(words, false);
    this.bar.hidden = share === undefined;
    if (share === null) this.bar.removeAttribute("value");
    else if (share !== undefined) this.bar.value = share;
  }

  /** Say what went wrong; the button calls `again`, if there is something to do again. */
  fail(words, again) {
    this.#set(words, true);
    this.bar.hidden = true;
    this.again.hidden = !again;
    this.again.onclick = again ?? null;
    this.announce(words);
  }

  clear() {
    this.box.hidden = true;
  }

  /** Say something for a few seconds. */
  glimpse(words) {
    clearTimeout(this.#hintEnds);
    this.#hintEnds = setTimeout(() => (this.hint.hidden = true), HINT_MS);
    if (!this.hint.hidden && this.hint.textContent === words) return;
    this.hint.textContent = words;
    this.hint.hidden = false;
    this.announce(words);
  }

  /** Tell screen readers only. */
  announce(words) {
    if (this.live.textContent !== words) this.live.textContent = words;
  }

  #set(words, bad) {
    this.box.hidden = false;
    this.box.classList.toggle("bad", bad);
    this.again.hidden = true;
    if (this.words.textContent !== words) this.words.textContent = words;
  }
}
