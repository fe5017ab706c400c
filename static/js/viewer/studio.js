// The panels in which more is made of a scene: pictures and films, edits, and what moves. Ties them to the visitor, the scene and the server.

import { get } from "../api.js";
import { element } from "../dom.js";
import { save } from "./canvas.js";
import { poseOf } from "./view.js";

const WHOLE = "#whole"; // at the end of an address: the file is wanted without levels of detail

const toFile = ({ x, y, z }) => [x, -y, -z];

/** What makes each panel, when it is first opened. Written out: pages of one file find by these words what they have to hold. */
const MAKERS = {
  stills: async (world) => new (await import("./stills.js")).Stills(world),
  editor: async (world) => new (await import("./edit.js")).Editor(world),
  alive: async (world) => new (await import("./alive.js")).Alive(world),
};

export class Studio {
  /** The panel that is open: "stills", "editor", "alive" or null. */
  open = null;
  panels = element("div", { class: "studio-panels" });
  overlays = element("div", { class: "studio-overlays" });
  #calls;
  #world;
  #made = {}; // panels by name
  #view = null;
  #alivesView = null; // the id of the view that the panel of what moves is about
  #waits = null; // the layers of the scene, while its Gaussians are loaded to be edited

  /** @param calls `scene()` and `contents()` return what there is, or null; `make(wish)` asks the server, `say(words)`, `onChange()` */
  constructor(calls) {
    this.#calls = calls;
    this.#world = {
      view: () => this.#where(), look: (view) => this.#look(view), ray: (event) => this.#ray(event), make: calls.make, say: calls.say, save,
      turn: (quaternion) => calls.scene().setTurn(quaternion), redraw: () => calls.scene().markChanged(), repaint: () => this.#paint(),
      onClose: () => this.toggle(this.open),
    };
  }

  toggle(name) {
    const before = this.open;
    this.open = before === name ? null : name;
    if (before) this.#leave(before);
    if (this.open) this.#enter(this.open);
    this.#calls.onChange();
  }

  /** The address of what is shown while the scene is edited, null otherwise. */
  get file() {
    return this.open === "editor" ? `${this.#view.whole}${WHOLE}` : null;
  }

  /** Say what is looked at, and which panels can be worked with now. */
  offer(can, view) {
    this.#view = view;
    if (this.open && !can[this.open]) this.toggle(this.open);
  }

  /** Another scene is looked at. */
  forget() {
    this.#made.stills?.forget();
    if (this.open) this.toggle(this.open);
  }

  /** Before each picture. */
  tick() {
    this.#made.stills?.tick(performance.now() / 1000);
    this.#paint();
    const isThere = this.#waits && this.#made.editor && this.#calls.contents()?.shown?.url === this.file;
    if (!isThere) return;
    this.#made.editor.open({ mesh: this.#calls.scene().mesh, layers: this.#waits });
    this.#waits = null;
  }

  async #enter(name) {
    if (name === "editor") this.#askForLayers();
    this.#made[name] ??= this.#placed(await MAKERS[name](this.#world));
    if (this.open !== name) return;
    const panel = this.#made[name];
    panel.element.hidden = false;
    if (name !== "alive" || this.#alivesView === this.#view.id) return;
    this.#alivesView = this.#view.id;
    panel.begin(this.#view.moves);
  }

  /** A panel that is new comes to the others, which are hidden. */
  #placed(panel) {
    panel.element.hidden = true;
    this.panels.append(panel.element);
    if (panel.overlay) this.overlays.append(panel.overlay);
    return panel;
  }

  #leave(name) {
    const panel = this.#made[name];
    if (panel) panel.element.hidden = true;
    this.#waits = null;
    if (name === "editor") {
      panel?.forget();
      this.#calls.scene()?.setTurn(null);
    } else if (name === "alive") {
      panel?.rest();
      this.#calls.scene()?.showPaint(null);
    }
  }

  async #askForLayers() {
    const { id } = this.#view;
    const layers = await get(`/api/jobs/${id}/layers`).catch(() => ({}));
    if (this.open === "editor" && this.#view.id === id) this.#waits = layers;
  }

  #paint() {
    if (this.open === "alive" && this.#made.alive) this.#calls.scene()?.showPaint(this.#made.alive.painting);
  }

  /** Where the visitor stands and what they see, in the frame of files. */
  #where() {
    const { x, y, z, heading, pitch, fov, mode } = this.#calls.scene().visitor.pose;
    const position = toFile({ x, y, z });
    const ahead = [Math.sin(heading) * Math.cos(pitch), -Math.sin(pitch), Math.cos(heading) * Math.cos(pitch)];
    return { position, look_at: position.map((value, k) => value + ahead[k]), vertical_fov_deg: fov, mode };
  }

  #look({ position, look_at, vertical_fov_deg, mode = "fly" }) {
    this.#calls.scene()?.standAt({ ...poseOf(position, look_at), fov: vertical_fov_deg, mode });
  }

  /** What lies under a pointer: where the eye is, and the direction. */
  #ray({ clientX, clientY }) {
    const { visitor, renderer } = this.#calls.scene();
    const { x, y, z, heading, pitch, fov } = visitor.pose;
    const box = renderer.domElement.getBoundingClientRect();
    const half = Math.tan((fov * Math.PI) / 360);
    const right = half * visitor.camera.aspect * ((2 * (clientX - box.left)) / box.width - 1);
    const up = half * (1 - (2 * (clientY - box.top)) / box.height);
    const [ch, sh, cp, sp] = [Math.cos(heading), Math.sin(heading), Math.cos(pitch), Math.sin(pitch)];
    const ahead = [sh * cp + right * ch - up * sh * sp, -sp - up * cp, ch * cp - right * sh - up * ch * sp];
    const length = Math.hypot(...ahead);
    return { eye: toFile({ x, y, z }), ahead: ahead.map((value) => value / length) };
  }
}

/** Whether an address asks for a file without levels of detail. */
export const isWhole = (url) => url.endsWith(WHOLE);
