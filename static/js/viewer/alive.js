// What moves in a picture that comes alive: chosen, painted on the sphere, and given a direction by an arrow. The server makes it.

import { element, footRow, iconButton, panelHead, row, smallButton, spareRow } from "../dom.js";
import { brushOverlay } from "./brush.js";
import { angleBetween, between, degreesOf, groundHeading, middleOf, pictureHeading, vectorOf } from "./directions.js";
import { History } from "./history.js";
import { CROSS } from "./icons.js";
import { Painting } from "./painting.js";

/** By their names for the server: `most` as spag4d/animate/motions.py has it, and what a degree of an arrow's length adds. */
const MOTIONS = {
  clouds: { name: "Clouds", unit: "°/s", amount: 1, most: 10, perDegree: 0.1, color: "#9adcff", hint: "Without paint all of the sky turns" },
  water: { name: "Water", unit: "m/s", amount: 0.3, most: 20, perDegree: 0.02, color: "#3d9bff", hint: "Flows level, and glitters" },
  falls: { name: "Waterfall", unit: "m/s", amount: 1, most: 20, color: "#b7a4ff", hint: "Falls straight down" },
  smoke: { name: "Smoke", unit: "m/s", amount: 0.3, most: 20, color: "#d5d5d5", hint: "Rises" },
  flow: { name: "Flow", unit: "m/s", amount: 0.3, most: 20, perDegree: 0.02, color: "#ffb24a", hint: "Moves along the surface, where an arrow points" },
  sway: { name: "Leaves", unit: "m", amount: 0.03, most: 1, color: "#74d35f", hint: "Leaves, grass and flags sway so far to either side" },
};
const ARROW = "#ffffff";
const SHORTEST_DEG = 1; // of an arrow: less is a slip
const DENSITY = 0.5; // of a brush's radius, from one place of a stroke to the next
const MOST_BYTES = 60_000; // of what is sent; the server takes a little more
const tenths = (place) => place.map((value) => Math.round(value * 10) / 10);

/** A panel over the panorama, and the overlay that takes the brush and the arrow. */
export class Alive {
  #world;
  #history = new History([]); // of lists of motions
  #chosen = -1; // which of them is painted
  #tool = null; // "brush" or "arrow"
  #from = null; // the direction where the pointer went down, or was last
  #drawing = null; // the stroke or arrow that is being drawn
  painting = new Painting();

  /** @param world `ray(event)` what lies under a pointer, `repaint()` shows the `painting`, `make(wish)` asks the server, `say(words)`, `onClose()` */
  constructor(world) {
    this.#world = world;
    const add = ([motion, { name, hint }]) => smallButton(name, () => this.#add(motion), hint);
    this.list = element("ul", { class: "motions", "aria-label": "What moves" });
    this.brush = smallButton("Paint", () => this.#take("brush"), "Drag over what moves; turn with the arrow keys");
    this.arrow = smallButton("Arrow", () => this.#take("arrow"), "Drag where it goes: the farther, the faster");
    this.size = element("input", { type: "range", min: "1", max: "20", step: "0.5", value: "5", "aria-label": "Size of the brush" });
    this.loop = element("input", { type: "number", min: "0.5", max: "60", step: "any", value: "6", "aria-label": "Length of the loop in seconds" });
    this.undo = smallButton("Undo", () => this.#step("undo"));
    this.redo = smallButton("Redo", () => this.#step("redo"));
    this.make = element("button", { type: "button", class: "button small primary", click: () => this.#make() }, "Make it move");
    this.element = element("div", { class: "notice studio alive", role: "group", "aria-label": "Bring it alive" },
      panelHead("Bring it alive", () => world.onClose()),
      element("p", { class: "muted spare" }, "Choose what moves, and paint where it is. Leave out what stands in front."),
      spareRow(...Object.entries(MOTIONS).map(add)),
      this.list,
      row(this.brush, this.size, this.arrow),
      spareRow(element("label", {}, "Begins again after ", this.loop, " s")),
      footRow(this.undo, this.redo, this.make));
    this.overlay = brushOverlay({ begin: (event) => this.#begin(event), move: (event) => this.#from && this.#move(event), end: () => this.#end() });
    this.#show();
  }

  /** Begin with what moves in a scene already, as the server was asked for it. */
  begin(wish) {
    this.#history = new History((wish?.motions ?? []).map(({ strokes = [], ...more }) => ({ ...more, strokes })));
    this.loop.value = wish?.loop_s ?? 6;
    this.#choose(this.#motions.length - 1);
  }

  /** The panel is closed: nothing is painted. */
  rest() {
    this.#tool = null;
    this.#show();
  }

  get #motions() {
    return this.#history.now;
  }

  #choose(at) {
    this.#chosen = Math.min(at, this.#motions.length - 1);
    this.#show();
  }

  #add(motion) {
    const { amount } = MOTIONS[motion];
    this.#history.push([...this.#motions, { motion, amount, heading_deg: 0, strokes: [] }]);
    this.#tool = motion === "clouds" ? null : "brush";
    this.#choose(this.#motions.length - 1);
  }

  /** The chosen motion is another from now on. */
  #change(changes, at = this.#chosen) {
    this.#history.push(this.#motions.map((one, k) => (k === at ? { ...one, ...changes } : one)));
    this.#show();
  }

  #remove(at) {
    this.#history.push(this.#motions.filter((_, k) => k !== at));
    this.#choose(this.#chosen);
  }

  #step(name) {
    this.#history[name]();
    this.#choose(this.#chosen < 0 ? 0 : this.#chosen);
  }

  #take(tool) {
    this.#tool = this.#tool === tool ? null : tool;
    this.#show();
  }

  #begin(event) {
    this.#from = this.#world.ray(event).ahead;
    this.#drawing = this.#tool === "arrow" ? null : { radius_deg: Number(this.size.value), places_deg: [] };
    if (this.#drawing) this.#cover([this.#from]);
  }

  #move(event) {
    const { ahead } = this.#world.ray(event);
    if (this.#tool === "arrow") {
      this.#drawing = ahead;
      this.#paint();
      return;
    }
    const step = DENSITY * this.#drawing.radius_deg;
    if (angleBetween(this.#from, ahead) < step) return;
    this.#cover(between(this.#from, ahead, step));
    this.#from = ahead;
  }

  #cover(directions) {
    const places = directions.map((one) => tenths(degreesOf(one)));
    this.#drawing.places_deg.push(...places);
    this.painting.stroke(MOTIONS[this.#motions[this.#chosen].motion].color, this.#drawing.radius_deg, places);
    this.#world.repaint();
  }

  #end() {
    const [from, drawn] = [this.#from, this.#drawing];
    this.#from = this.#drawing = null;
    if (!from || !drawn) return;
    const { strokes } = this.#motions[this.#chosen];
    if (this.#tool === "brush") this.#change({ strokes: [...strokes, drawn] });
    else if (angleBetween(from, drawn) >= SHORTEST_DEG) this.#aim(from, drawn);
    else this.#paint();
  }

  /** An arrow says where the chosen motion goes, and how fast. */
  #aim(from, to) {
    const { motion, strokes } = this.#motions[this.#chosen];
    const { perDegree, most } = MOTIONS[motion];
    const amount = Math.min(most, Math.max(0.01, Number((angleBetween(from, to) * perDegree).toFixed(2))));
    const painted = strokes.flatMap(({ places_deg }) => places_deg.map(vectorOf));
    const middle = painted.length ? middleOf(painted) : from;
    const toLeft = from[2] * to[0] - from[0] * to[2] < 0;
    const changes = {
      clouds: () => ({ amount: toLeft ? -amount : amount }),
      water: () => ({ amount, heading_deg: groundHeading(from, to) }),
      flow: () => ({ amount, heading_deg: pictureHeading(from, to, middle) }),
    }[motion]();
    this.#change({ ...changes, arrow: [from, to] });
  }

  #show() {
    const chosen = this.#motions[this.#chosen];
    const takesArrow = Boolean(chosen && MOTIONS[chosen.motion].perDegree);
    if (!chosen || (this.#tool === "arrow" && !takesArrow)) this.#tool = null;
    this.list.replaceChildren(...this.#motions.map((one, at) => this.#line(one, at)));
    this.list.hidden = !this.#motions.length;
    this.brush.disabled = this.size.disabled = !chosen;
    this.arrow.disabled = !takesArrow;
    this.brush.ariaPressed = String(this.#tool === "brush");
    this.arrow.ariaPressed = String(this.#tool === "arrow");
    this.undo.disabled = !this.#history.canUndo;
    this.redo.disabled = !this.#history.canRedo;
    this.make.disabled = !this.#motions.length;
    this.overlay.hidden = this.#tool === null;
    this.element.classList.toggle("painting", this.#tool !== null);
    this.#paint();
  }

  #line({ motion, amount, strokes }, at) {
    const { name, unit, most, color } = MOTIONS[motion];
    const where = strokes.length ? "" : motion === "clouds" ? "all of the sky" : "not painted yet";
    const words = smallButton(name, () => this.#choose(at), "Paint this");
    words.ariaPressed = String(at === this.#chosen);
    const spot = element("span", { class: "motion-color" });
    spot.style.background = color;
    words.prepend(spot);
    const least = motion === "clouds" ? -most : 0;
    const field = element("input", { type: "number", min: String(least), max: String(most), step: "any", value: String(amount), "aria-label": `${name}: ${motion === "sway" ? "how far" : "how fast"}`,
      change: () => this.#change({ amount: Number(field.value) || MOTIONS[motion].amount }, at) });
    return element("li", { class: at === this.#chosen ? null : "spare" }, words, field, element("span", { class: "muted" }, unit), element("span", { class: "muted" }, where), iconButton(`Remove ${name}`, CROSS, () => this.#remove(at)));
  }

  #paint() {
    this.painting.clear();
    for (const { motion, strokes } of this.#motions) {
      for (const { radius_deg, places_deg } of strokes) this.painting.stroke(MOTIONS[motion].color, radius_deg, places_deg);
    }
    for (const { arrow } of this.#motions) if (arrow) this.painting.arrow(ARROW, ...arrow);
    if (this.#tool === "arrow" && this.#drawing) this.painting.arrow(ARROW, this.#from, this.#drawing);
    this.#world.repaint();
  }

  async #make() {
    const unpainted = this.#motions.find(({ motion, strokes, polygon }) => motion !== "clouds" && !strokes.length && !polygon);
    if (unpainted) return this.#world.say(`${MOTIONS[unpainted.motion].name}: paint where it is.`);
    const motions = this.#motions.map(({ arrow, ...one }) => one);
    const wish = { make: "animation", motions, loop_s: Number(this.loop.value) || 6 };
    if (JSON.stringify(wish).length > MOST_BYTES) return this.#world.say("This is more paint than the server takes: use a larger brush.");
    this.make.disabled = true;
    await this.#world.make(wish);
    this.#show();
  }
}
