// The panorama or the depth map as it is: a picture that fits the stage.

import { element } from "../dom.js";

/** An image; `state` and `fault` say how far it has got, and `onChange` is called when that changes. */
export class FlatPicture {
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
    this.element = element("img", { class: "stage-flat", draggable: "false", hidden: true, load: onChange, error: onChange });
  }

  /** Show a picture with its description, or nothing (null). */
  show(url, description) {
    this.element.hidden = url === null;
    if (url === null) this.element.removeAttribute("src");
    else if (this.element.getAttribute("src") !== url) {
      this.element.alt = description;
      this.element.src = url;
    }
  }

  get state() {
    if (!this.element.complete) return "loading";
    return this.element.naturalWidth > 0 ? "ready" : "error";
  }

  get fault() {
    if (this.state !== "error") return null;
    return { words: "The picture cannot be shown.", again: () => this.#again() };
  }

  #again() {
    this.element.src = this.element.getAttribute("src");
    queueMicrotask(this.#onChange); // the element itself takes notice in a microtask
  }
}
