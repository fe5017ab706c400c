// The canvas that scenes are drawn on, and pictures of it.

import { element } from "../dom.js";

const KEYS =
  "3D scene. W, A, S, D move, Q and E go down and up, shift is faster, the arrow keys and dragging look around, the wheel zooms, " +
  "R goes back to the start, V switches between walking and flying, O orbits, M measures, space or K plays and pauses a video, the question mark " +
  "opens help.";

/** A canvas that takes the focus and says what its keys do. */
export function newCanvas() {
  return element("canvas", { class: "stage-canvas", tabindex: 0, role: "application", "aria-label": KEYS });
}

/** Whether this browser draws in 3D; asked with a canvas of its own, as one that has failed is of no further use. */
export function hasWebGL2() {
  const context = document.createElement("canvas").getContext("webgl2");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}

/** Let the browser save a picture under the name of what it shows. */
export function savePicture(blob, title) {
  const name = title.replace(/\.[^.]+$/, "").replace(/[^\p{L}\p{N} ._-]+/gu, "_");
  save(blob, `${name || "scene"}.png`);
}

/** Let the browser save a file. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
