// Measuring in the scene: two clicks are a distance, one click on the floor is the camera's height, and what either is in truth
// sets the scale.

import { element } from "../dom.js";

const SVG = "http://www.w3.org/2000/svg";
const STILL_PX = 5; // a pointer that moves farther between down and up looks around
const ABOVE_M = 0.2; // a place that lies less below the camera is no floor

const NOTHING = "There is nothing to measure at that place. Click another one.";

const drawn = (tag, attributes) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

const inMetres = (value) => `${value < 10 ? value.toFixed(2) : value.toFixed(1)} m`;

/** What the points tell: words, and the `length` that may be known better; `above` is how high the camera stood above the only one. */
export function measured(points) {
  const [a, b] = points;
  if (!a) return { words: "Click a place in the scene. The floor tells the camera's height, two places their distance.", length: null };
  if (b) return { words: `${inMetres(a.distanceTo(b))} from one to the other.`, length: a.distanceTo(b), known: "In truth it is" };
  const words = `${inMetres(a.length())} from the camera`;
  if (a.y > -ABOVE_M) return { words: `${words}. Click a second place to measure from here to there.`, length: null };
  return {
    words: `${words}, which stood ${inMetres(-a.y)} above it. Click a second place to measure from here to there.`,
    length: -a.y, known: "In truth the camera stood",
  };
}

/** The tool: an overlay over the canvas, and a panel of words with a field. */
export class Measure {
  isOn = false;
  #isOffered = false;
  #points = [];
  #down = null;
  #length = null;
  #scene;
  #onChange;

  /**
   * @param scene returns the `Scene`, or null; `onScale(factor)` makes the scene anew so much larger; `onChange` is called when the
   *   tool is switched
   */
  constructor({ scene, onScale, onChange }) {
    this.#scene = scene;
    this.#onChange = onChange;
    this.line = drawn("line", { class: "measure-line" });
    this.dots = [0, 1].map(() => drawn("circle", { class: "measure-dot", r: 5 }));
    this.element = drawn("svg", { class: "measure", "aria-hidden": "true" });
    this.element.append(this.line, ...this.dots);
    this.words = element("p", { class: "measure-words", "aria-live": "polite" });
    this.known = element("span", {});
    this.field = element("input", { type: "number", min: "0.01", max: "1000", step: "any", inputmode: "decimal", required: true });
    this.form = element("form", {
      class: "measure-form",
      submit: (event) => {
        event.preventDefault();
        onScale(Number(this.field.value) / this.#length);
      },
    }, element("label", {}, this.known, " ", this.field, " m"), element("button", { class: "button small" }, "Make it again at this scale"));
    this.close = element("button", { type: "button", class: "button quiet small", click: () => this.toggle() }, "Done");
    this.panel = element("div", { class: "notice measure-panel", role: "group", "aria-label": "Measuring" }, this.words, this.close, this.form);
    this.#show();
  }

  toggle() {
    this.isOn = !this.isOn;
    this.clear();
    this.#onChange();
  }

  /** Forget the points. */
  clear() {
    this.#points = [];
    this.#show();
  }

  /** Whether one measures, or null where one cannot. */
  get state() {
    return this.#isOffered ? this.isOn : null;
  }

  /** Whether the tool can be used now, and whether the scene `canScale`: be made anew. */
  offer(can, canScale) {
    this.#isOffered = can;
    if (!can && this.isOn) this.toggle();
    this.form.classList.toggle("impossible", !canScale);
  }

  /** Listen to clicks on the canvas, which are told from drags. */
  listenTo(stage) {
    stage.addEventListener("pointerdown", ({ clientX, clientY }) => (this.#down = [clientX, clientY]));
    stage.addEventListener("click", (event) => {
      const [x, y] = this.#down ?? [0, 0];
      const isStill = Math.hypot(event.clientX - x, event.clientY - y) <= STILL_PX;
      if (this.isOn && isStill && event.target.matches?.("canvas")) this.#add(event);
    });
  }

  /** Take the place in the middle of the picture, for those who have no pointer. */
  addMiddle(canvas) {
    const box = canvas.getBoundingClientRect();
    this.#add({ clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 });
  }

  #add(place) {
    const found = this.#scene()?.pick(place);
    if (!found) {
      this.words.textContent = NOTHING;
      return;
    }
    this.#points = this.#points.length === 2 ? [found.point] : [...this.#points, found.point];
    this.#show();
  }

  #show() {
    const { words, length, known } = measured(this.#points);
    this.panel.hidden = !this.isOn;
    this.words.textContent = words;
    this.#length = length;
    this.form.hidden = length === null;
    this.known.textContent = known ?? "";
    this.field.value = "";
    this.draw();
  }

  /** Draw the points where they are seen now; to be called after each picture. */
  draw() {
    this.element.style.display = this.isOn ? "" : "none";
    if (!this.isOn) return;
    const places = this.#points.map((point) => this.#scene()?.placeOf(point) ?? null);
    for (const [at, dot] of this.dots.entries()) {
      dot.style.display = places[at] ? "" : "none";
      if (places[at]) dot.setAttribute("transform", `translate(${places[at].x} ${places[at].y})`);
    }
    const [a, b] = places;
    this.line.style.display = a && b ? "" : "none";
    if (a && b) for (const [name, value] of Object.entries({ x1: a.x, y1: a.y, x2: b.x, y2: b.y })) this.line.setAttribute(name, value);
  }
}
