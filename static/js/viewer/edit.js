// Light editing: crop, erase, hide layers, start and up. What is seen is a preview; the server makes the new version from the list of edits.

import { element, footRow, panelHead, row, smallButton, spareRow } from "../dom.js";
import { brushOverlay } from "./brush.js";
import { Remains, upright } from "./edits.js";
import { History } from "./history.js";

const LAYERS = { sky: "Sky", behind: "Filled part, behind what stands in front" };
const UPS = { "as it is": [0, -1, 0], "turned upside down": [0, 1, 0], "what lies ahead": [0, 0, 1], "what lies behind": [0, 0, -1], "what lies right": [1, 0, 0], "what lies left": [-1, 0, 0] };
const DIGITS = 4; // of a ray: a hundredth of a degree
const BEHIND = 1.1; // how far a stroke reaches behind the surface that it meets: its back goes, too
const LOOK_DEG = 1; // around a ray, to find the surface

const cut = (values) => values.map((value) => Number(value.toFixed(DIGITS)));
const size = (name, value) => element("input", { type: "number", min: "0.1", max: "1000", step: "any", value, "aria-label": `${name} in metres` });

/** A panel over the scene, and the eraser's overlay over the picture. */
export class Editor {
  #world;
  #history = new History([]); // of lists of edits
  #scene = null; // { mesh, opacities, remains } of what is edited
  #stroke = null;

  /**
   * @param world `view()` is where the visitor stands, in the frame of files; `ray(event)` what lies under a pointer, as `eye` and `ahead`;
   *   `turn(quaternion)` turns the scene, `redraw()` shows what has changed, `make(wish)` asks the server, `say(words)`, `onClose()`
   */
  constructor(world) {
    this.#world = world;
    this.sides = [size("Width", 8), size("Height", 5), size("Depth", 8)];
    this.radius = size("Radius", 5);
    this.brush = element("input", { type: "range", min: "0.5", max: "12", step: "0.5", value: "3", "aria-label": "Size of the eraser" });
    this.eraser = smallButton("Eraser", () => this.#setErasing(this.overlay.hidden), "Drag over what is to go; turn with the arrow keys");
    this.layers = spareRow();
    this.up = element("select", { class: "button small", "aria-label": "What points up", change: () => this.#turnUp() },
      ...Object.keys(UPS).map((name) => element("option", {}, name)));
    this.undo = smallButton("Undo", () => this.#step("undo"));
    this.redo = smallButton("Redo", () => this.#step("redo"));
    this.save = element("button", { type: "button", class: "button small primary", click: () => this.#save() }, "Save as a new version");
    this.element = element("div", { class: "notice studio", role: "group", "aria-label": "Edit the scene" },
      panelHead("Edit", () => world.onClose()),
      element("p", { class: "muted spare" }, "Crops are around where you stand."),
      spareRow(smallButton("Crop to a box", () => this.#cropBox()), ...this.sides, " m"),
      spareRow(smallButton("Crop to a sphere", () => this.#cropSphere()), this.radius, " m"),
      row(this.eraser, this.brush),
      this.layers,
      spareRow(smallButton("Start here", () => this.#start(), "Where visitors stand at first, and look")),
      spareRow(element("label", {}, "Up is ", this.up)),
      footRow(this.undo, this.redo, this.save));
    this.overlay = brushOverlay({ begin: (event) => this.#begin(event), move: (event) => this.#stroke && this.#erase(event), end: () => this.#end() });
    this.#show();
  }

  get #edits() {
    return this.#history.now;
  }

  /** Begin to edit the scene that is shown: a mesh whose Gaussians are all there, in `layers` in the order of its file. */
  open({ mesh, layers }) {
    const { packedArray, numSplats } = mesh.splats;
    const centers = new Float32Array(3 * numSplats);
    mesh.splats.forEachSplat((i, { x, y, z }) => centers.set([x, y, z], 3 * i));
    const alphas = Uint8Array.from({ length: numSplats }, (_, i) => packedArray[4 * i] >>> 24);
    const draw = (i, isLeft) => (packedArray[4 * i] = (packedArray[4 * i] & 0xffffff) | (isLeft ? alphas[i] << 24 : 0));
    this.#scene = { mesh, opacities: Float32Array.from(alphas, (alpha) => alpha / 255), remains: new Remains(centers, layers, draw) };
    const known = Object.keys(LAYERS).filter((name) => layers[name]);
    this.layers.replaceChildren(...known.map((name) => element("label", {},
      element("input", { type: "checkbox", name, checked: true, change: (event) => this.#hide(name, !event.target.checked) }), ` ${LAYERS[name]}`)));
    this.#show();
  }

  /** Another scene, or none is edited any more: what is seen becomes as it was. */
  forget() {
    this.#setErasing(false);
    this.#history = new History([]);
    this.#show();
    this.#scene = null;
  }

  #push(edits) {
    this.#history.push(edits);
    this.#show();
  }

  #step(name) {
    this.#history[name]();
    this.#show();
  }

  #cropBox() {
    const { position } = this.#world.view();
    const halves = this.sides.map((field) => (Number(field.value) || 1) / 2);
    const corner = (sign) => cut(position.map((value, k) => value + sign * halves[k]));
    this.#push([...this.#edits, { edit: "crop_box", low_m: corner(-1), high_m: corner(1) }]);
  }

  #cropSphere() {
    this.#push([...this.#edits, { edit: "crop_sphere", centre_m: cut(this.#world.view().position), radius_m: Number(this.radius.value) || 1 }]);
  }

  #hide(name, isHidden) {
    const others = this.#edits.filter((edit) => !(edit.edit === "hide" && edit.layers[0] === name));
    this.#push(isHidden ? [...others, { edit: "hide", layers: [name] }] : others);
  }

  #start() {
    const { position, look_at } = this.#world.view();
    const others = this.#edits.filter((edit) => edit.edit !== "start");
    this.#push([...others, { edit: "start", position_m: cut(position), look_at_m: cut(look_at) }]);
    this.#world.say("Visitors will start here.");
  }

  #turnUp() {
    const others = this.#edits.filter((edit) => edit.edit !== "up");
    const up = UPS[this.up.value];
    this.#push(up[1] === -1 ? others : [...others, { edit: "up", up }]);
  }

  #setErasing(is) {
    this.overlay.hidden = !is;
    this.element.classList.toggle("painting", is);
    this.eraser.ariaPressed = String(is);
  }

  #begin(event) {
    if (!this.#scene) return;
    const { eye } = this.#world.ray(event);
    this.#stroke = { edit: "erase", eye_m: cut(eye), radius_deg: Number(this.brush.value), rays: [] };
    this.#erase(event);
  }

  #erase(event) {
    const { eye, ahead } = this.#world.ray(event);
    const { rays, radius_deg } = this.#stroke;
    const last = rays.at(-1);
    if (last && ahead[0] * last[0] + ahead[1] * last[1] + ahead[2] * last[2] > Math.cos((radius_deg * Math.PI) / 360)) return;
    const { remains, opacities } = this.#scene;
    const depth = remains.depthAlong(opacities, eye, ahead, Math.min(LOOK_DEG, radius_deg));
    if (depth === null) return;
    remains.extend(this.#stroke, cut([...ahead, BEHIND * depth]));
    this.#drawn();
  }

  /** What a stroke erased is drawn already. */
  #end() {
    const stroke = this.#stroke;
    this.#stroke = null;
    if (!stroke?.rays.length) return;
    this.#history.push([...this.#edits, stroke]);
    this.#showState();
  }

  #show() {
    this.#showState();
    if (!this.#scene) return;
    this.#world.turn(upright(this.#up));
    this.#scene.remains.set(this.#edits);
    this.#drawn();
  }

  get #up() {
    return this.#edits.find((edit) => edit.edit === "up")?.up ?? UPS["as it is"];
  }

  /** Keep buttons and fields true to the edits. */
  #showState() {
    const { length } = this.#edits;
    this.undo.disabled = !this.#history.canUndo;
    this.redo.disabled = !this.#history.canRedo;
    this.save.disabled = !length;
    this.up.value = Object.keys(UPS).find((name) => UPS[name].every((value, k) => value === this.#up[k]));
    for (const box of this.layers.querySelectorAll("input")) box.checked = !this.#edits.some((edit) => edit.layers?.includes(box.name));
  }

  /** What is left has its opacity, and the rest none. */
  #drawn() {
    const { mesh, remains } = this.#scene;
    this.element.dataset.left = remains.count;
    mesh.splats.needsUpdate = true;
    mesh.updateMappingVersion();
    this.#world.redraw();
  }

  async #save() {
    this.save.disabled = true;
    await this.#world.make({ make: "version", edits: this.#edits });
    this.#show();
  }
}
