// Keys, mouse and fingers become one intent per frame. Nothing here knows what a pose is.

import { readGamepads } from "./gamepad.js";
import { keysAreTaken } from "./keys.js";
import { noIntent } from "./movement.js";

const MOVES = { KeyW: ["forward", 1], KeyS: ["forward", -1], KeyD: ["right", 1], KeyA: ["right", -1], KeyE: ["up", 1], KeyQ: ["up", -1] };
const TURNS = { ArrowRight: ["turn", 1], ArrowLeft: ["turn", -1], ArrowUp: ["tilt", 1], ArrowDown: ["tilt", -1] };
const TURN_PER_S = 1.4;
const LINE_PX = 16;
const TAP_MS = 350; // between the first of two taps and the second
const TAP_PX = 12; // between the two, and from where a finger came down to where it left

/** Listens at the canvas and the window until `dispose`. */
export class Input {
  #canvas;
  #stage;
  #calls;
  #held = new Map(); // code → since when
  #tapped = new Map(); // code → for how long, of keys that were let go since the last reading
  #lastRead = performance.now();
  #pointers = new Map();
  #down = null; // where and when the only pointer came down
  #tap = null; // the tap before
  #isMouse = true;
  #pixels = { look: [0, 0], shift: [0, 0] };
  #zoom = 1;
  #stop = new AbortController();

  /** @param calls `sight()` tells what is seen (see `Scene`), `onInput()` is called at every input, `onDouble({ clientX, clientY })` at
   *   a double click or two taps */
  constructor(canvas, stage, calls) {
    this.#canvas = canvas;
    this.#stage = stage;
    this.#calls = calls;
    const { onInput } = calls;
    const { signal } = this.#stop;
    const on = (target, names, listener, options = {}) => {
      for (const name of names.split(" ")) target.addEventListener(name, listener, { signal, ...options });
    };
    on(window, "keydown", (event) => this.#keyDown(event));
    on(window, "keyup", (event) => this.#keyUp(event));
    on(window, "blur", () => this.#release());
    on(document, "visibilitychange", () => this.#release());
    on(document, "focusin", (event) => stage.contains(event.target) || this.#release());
    on(canvas, "pointerdown", (event) => (this.#pointerDown(event), onInput()));
    on(canvas, "pointermove", (event) => this.#pointerMove(event) && onInput());
    on(canvas, "pointerup", (event) => this.#isMouse || this.#tapOf(event));
    on(canvas, "dblclick", (event) => this.#isMouse && calls.onDouble(event));
    on(canvas, "pointerup pointercancel lostpointercapture", (event) => this.#pointerUp(event));
    on(canvas, "wheel", (event) => (this.#wheel(event), onInput()), { passive: false });
    on(canvas, "contextmenu", (event) => event.preventDefault());
  }

  /** What was asked for since the last call. `fov` in degrees makes the picture stick to the pointer; `speed` is that of walking. */
  read({ fov, speed }) {
    const intent = noIntent();
    const pressed = this.#readKeys();
    for (const [code, share] of pressed) {
      if (code in MOVES) intent[MOVES[code][0]] += MOVES[code][1] * share;
      if (code in TURNS) intent[TURNS[code][0]] += TURNS[code][1] * TURN_PER_S * share;
    }
    intent.fast = pressed.has("ShiftLeft") || pressed.has("ShiftRight");
    const height = Math.max(1, this.#canvas.clientHeight);
    const angle = (fov * Math.PI) / 180 / height;
    const { look, shift } = this.#pixels;
    intent.pan = { heading: -look[0] * angle, pitch: look[1] * angle };
    intent.shift = { right: (-shift[0] * 2 * speed) / height, forward: (shift[1] * 2 * speed) / height };
    intent.zoom = this.#zoom;
    this.#pixels = { look: [0, 0], shift: [0, 0] };
    this.#zoom = 1;
    readGamepads(intent);
    return intent;
  }

  dispose() {
    this.#stop.abort();
    this.#release();
  }

  /** For which share of the time since the last reading each key was down: where pictures are slow, a tap is not lost. */
  #readKeys() {
    const now = performance.now();
    const elapsed = Math.max(1, now - this.#lastRead);
    const pressed = new Map(this.#tapped);
    for (const [code, since] of this.#held) pressed.set(code, (pressed.get(code) ?? 0) + now - Math.max(since, this.#lastRead));
    for (const [code, time] of pressed) pressed.set(code, Math.min(1, time / elapsed));
    this.#tapped.clear();
    this.#lastRead = now;
    return pressed;
  }

  #release() {
    this.#held.clear();
    this.#tapped.clear();
    this.#pointers.clear();
    this.#canvas.classList.remove("dragging");
  }

  /** Keys that would not show are left to the browser: the page scrolls by arrows. */
  #keyDown(event) {
    if (keysAreTaken(event, this.#stage)) return;
    const { code } = event;
    const sight = this.#calls.sight();
    const moves = code in MOVES || code.startsWith("Shift");
    if (!(code in TURNS ? sight : moves && sight === "scene")) return;
    if (code in TURNS) event.preventDefault();
    if (this.#held.has(code)) return;
    this.#held.set(code, performance.now());
    this.#calls.onInput();
  }

  #keyUp({ code }) {
    if (!this.#held.has(code)) return;
    const down = performance.now() - Math.max(this.#held.get(code), this.#lastRead);
    this.#tapped.set(code, (this.#tapped.get(code) ?? 0) + down);
    this.#held.delete(code);
  }

  #pointerDown(event) {
    this.#isMouse = event.pointerType === "mouse";
    if (event.button !== 0 && this.#isMouse) return;
    this.#canvas.focus({ preventScroll: true });
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.#down = this.#pointers.size === 1 ? event : null;
    this.#canvas.classList.add("dragging");
  }

  /** Returns whether something is dragged. */
  #pointerMove(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return false;
    const spreadBefore = this.#spread();
    const fingers = this.#pointers.size;
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const kind = fingers === 1 ? "look" : "shift";
    this.#pixels[kind][0] += (event.clientX - before[0]) / fingers;
    this.#pixels[kind][1] += (event.clientY - before[1]) / fingers;
    if (fingers === 2 && spreadBefore > 0) this.#zoom *= Math.min(2, Math.max(0.5, spreadBefore / Math.max(1, this.#spread())));
    return true;
  }

  /** Two short taps at one place are a double click: not all browsers make one of them. */
  #tapOf(event) {
    const isTap = this.#down?.pointerId === event.pointerId && isBeside(this.#down, event);
    const isSecond = isTap && this.#tap && isBeside(this.#tap, event);
    this.#tap = isTap && !isSecond ? event : null;
    if (isSecond) this.#calls.onDouble(event);
  }

  #pointerUp(event) {
    this.#pointers.delete(event.pointerId);
    if (this.#pointers.size === 0) this.#canvas.classList.remove("dragging");
  }

  #spread() {
    const [a, b] = [...this.#pointers.values()];
    return a && b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0;
  }

  #wheel(event) {
    event.preventDefault();
    const pixels = event.deltaY * [1, LINE_PX, this.#canvas.clientHeight][event.deltaMode];
    this.#zoom *= Math.exp(Math.min(200, Math.max(-200, pixels)) * (event.ctrlKey ? 0.01 : 0.001));
  }
}

const isBeside = (one, other) =>
  other.timeStamp - one.timeStamp < TAP_MS && Math.hypot(other.clientX - one.clientX, other.clientY - one.clientY) < TAP_PX;
