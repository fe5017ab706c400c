// The panels in which more is made of a scene: pictures and films, edits, and what moves. Ties them to the visitor, the scene and the server.

import { get } from "../api.js";
import { Alive } from "./alive.js";
import { Editor } from "./edit.js";
import { Stills } from "./stills.js";
import { poseOf } from "./view.js";

const WHOLE = "#whole"; // at the end of an address: the file is wanted without levels of detail

const toFile = ({ x, y, z }) => [x, -y, -z];

export class Studio {
  /** The panel that is open: "stills", "editor", "alive" or null. */
  open = null;
  #calls;
  #view = null;
  #waits = null; // the layers of the scene, while its Gaussians are loaded to be edited

  /** @param calls `scene()` and `contents()` return what there is, or null; `make(wish)` asks the server, `say(words)`, `onChange()` */
  constructor(calls) {
    this.#calls = calls;
    const world = {
      view: () => this.#where(), look: (view) => this.#look(view), ray: (event) => this.#ray(event), make: calls.make, say: calls.say,
      turn: (quaternion) => calls.scene().setTurn(quaternion), redraw: () => calls.scene().markChanged(), onClose: () => this.toggle(this.open),
    };
    this.stills = new Stills(world);
    this.editor = new Editor(world);
    this.alive = new Alive({ ...world, redraw: () => this.#paint() });
    this.panels = [this.stills.element, this.editor.element, this.alive.element];
    this.overlays = [this.editor.overlay, this.alive.overlay];
    this.#show();
  }

  toggle(name) {
    const before = this.open;
    this.open = before === name ? null : name;
    if (before === "editor") this.#leaveEditor();
    if (before === "alive") this.#leaveAlive();
    if (this.open === "editor") this.#enterEditor();
    this.#show();
    this.#calls.onChange();
  }

  /** The address of what is shown while the scene is edited, null otherwise. */
  get file() {
    return this.open === "editor" ? `${this.#view.whole}${WHOLE}` : null;
  }

  /** Say what is looked at, and which panels can be worked with now. */
  offer(can, view) {
    if (view?.id !== this.#view?.id) this.alive.begin(view?.moves);
    this.#view = view;
    if (this.open && !can[this.open]) this.toggle(this.open);
  }

  /** Another scene is looked at. */
  forget() {
    this.stills.forget();
    if (this.open) this.toggle(this.open);
  }

  /** Before each picture. */
  tick() {
    this.#paint();
    this.stills.tick(performance.now() / 1000);
    const isThere = this.#waits && this.#calls.contents()?.shown?.url === this.file;
    if (!isThere) return;
    this.editor.open({ mesh: this.#calls.scene().mesh, layers: this.#waits });
    this.#waits = null;
  }

  async #enterEditor() {
    const { id } = this.#view;
    const layers = await get(`/api/jobs/${id}/layers`).catch(() => ({}));
    if (this.open === "editor" && this.#view.id === id) this.#waits = layers;
  }

  #leaveEditor() {
    this.#waits = null;
    this.editor.forget();
    this.#calls.scene()?.setTurn(null);
  }

  #leaveAlive() {
    this.alive.rest();
    this.#calls.scene()?.showPaint(null);
  }

  #paint() {
    if (this.open === "alive") this.#calls.scene()?.showPaint(this.alive.painting);
  }

  #show() {
    this.alive.element.hidden = this.open !== "alive";
    this.stills.element.hidden = this.open !== "stills";
    this.editor.element.hidden = this.open !== "editor";
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
