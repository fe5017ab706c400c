// The bar under a video: play, scrub, speed, loop, and where one is.

import { element, iconButton } from "../dom.js";
import { icons } from "./icons.js";

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];

/** The controls of a clock of clocks.js; `onChange` is called after each use, `giveBack` when the pointer lets go of the scrubber. */
export class Timeline {
  #clock = null;
  #onChange;
  #held = null; // the clock that was stopped by holding the scrubber

  constructor({ onChange, giveBack }) {
    this.#onChange = onChange;
    this.play = iconButton("Play (space)", icons.play, () => this.togglePlay());
    this.scrubber = element("input", { type: "range", class: "timeline-scrubber", min: 0, max: 0, step: 1, value: 0, "aria-label": "Time" });
    this.scrubber.addEventListener("pointerdown", () => this.#hold());
    this.scrubber.addEventListener("input", () => this.#seek());
    for (const end of ["change", "pointercancel"]) this.scrubber.addEventListener(end, () => this.#letGo());
    this.scrubber.addEventListener("pointerup", () => (this.#letGo(), giveBack()));
    this.time = element("output", { class: "timeline-time" });
    this.speed = element("select", { class: "timeline-speed", "aria-label": "Speed", change: () => this.#setSpeed() });
    for (const speed of SPEEDS) this.speed.append(element("option", { value: speed, selected: speed === 1 }, `${speed}×`));
    this.loop = iconButton("Loop", icons.loop, () => this.#toggleLoop(), { "aria-pressed": "true" });
    const parts = [this.play, this.scrubber, this.time, this.speed, this.loop];
    this.element = element("div", { class: "timeline", role: "group", "aria-label": "Video" }, ...parts);
    this.element.hidden = true;
  }

  /** Attach to a clock, or to none. Speed and loop stay as they were chosen. */
  attach(clock) {
    if (clock !== this.#clock) this.#resume();
    this.#clock = clock;
    this.element.hidden = clock === null;
    if (!clock) return;
    clock.speed = Number(this.speed.value);
    clock.loop = this.loop.ariaPressed === "true";
    this.refresh();
  }

  /** Show where the clock is. */
  refresh() {
    const clock = this.#clock;
    if (!clock) return;
    this.scrubber.step = clock.step;
    this.scrubber.max = clock.lastPosition;
    this.scrubber.value = clock.position;
    this.scrubber.setAttribute("aria-valuetext", clock.spokenWords);
    if (this.time.textContent !== clock.words) this.time.textContent = clock.words;
    this.#showPlaying(clock.playing);
    this.play.disabled = this.scrubber.disabled = !clock.canPlay;
  }

  /** Whether there is a video that can be played. */
  get canPlay() {
    return this.#clock?.canPlay ?? false;
  }

  togglePlay() {
    const clock = this.#clock;
    if (!this.canPlay) return;
    if (!clock.playing && clock.ended) clock.seek(0);
    clock.playing = !clock.playing;
    this.#changed();
  }

  #showPlaying(playing) {
    const name = playing ? "Pause (space)" : "Play (space)";
    if (this.play.ariaLabel === name) return;
    this.play.ariaLabel = this.play.title = name;
    this.play.querySelector("path").setAttribute("d", playing ? icons.pause : icons.play);
  }

  /** While the scrubber is held the video stands still. */
  #hold() {
    if (!this.#clock.playing) return;
    this.#held = this.#clock;
    this.#held.playing = false;
  }

  #seek() {
    this.#clock.seek(Number(this.scrubber.value));
    this.#changed();
  }

  #letGo() {
    if (this.#resume()) this.#changed();
  }

  /** Returns whether a clock goes on now. */
  #resume() {
    if (!this.#held) return false;
    this.#held.playing = true;
    this.#held = null;
    return true;
  }

  #setSpeed() {
    this.#clock.speed = Number(this.speed.value);
  }

  #toggleLoop() {
    this.#clock.loop = !this.#clock.loop;
    this.loop.ariaPressed = String(this.#clock.loop);
    this.#changed();
  }

  #changed() {
    this.refresh();
    this.#onChange();
  }
}
