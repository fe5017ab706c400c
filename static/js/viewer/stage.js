// The stage: decides what is to be seen of a job, and keeps buttons, words and data attributes true to it.

import { element } from "../dom.js";
import { ViewChoice, Toolbar } from "./controls.js";
import { canWearHeadset } from "./headset_support.js";
import { helpDialog } from "./help.js";
import { keysAreTaken } from "./input.js";
import { Notice } from "./notice.js";
import { Timeline } from "./timeline.js";

const KEYS =
  "3D scene. W, A, S, D move, Q and E go down and up, shift is faster, the arrow keys and dragging look around, the wheel zooms, " +
  "R goes back to the start, V switches between walking and flying, the question mark opens help.";
const NO_WEBGL = "This browser cannot draw in 3D: WebGL 2 is missing or switched off.";
const NO_MODULES = "The 3D viewer could not be loaded. Reload the page to try again.";
const LOST = "The graphics card has dropped the picture. It comes back as soon as the card is there again.";
const LIMIT = "This is as far as the picture reaches.";

/** Shows jobs in an element, which it fills. */
export class Stage {
  #element;
  #options;
  #view = null;
  #chosen = { view: null, shape: "sphere", classic: false };
  #unavailable = null;
  #lost = false;
  #headset = false;
  #starting = false;
  #scene = null;
  #contents = null;
  #pictures = null;
  #splats = null;
  #said = "";

  /** @param options `bare`: nothing but the picture, for kiosks; `spin`: degrees per second of slow turning until the first input */
  constructor(stage, { bare = false, spin = 0 } = {}) {
    this.#element = stage;
    this.#options = { bare, spin: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : spin };
    this.#build();
    window.addEventListener("keydown", (event) => this.#keyDown(event));
    document.addEventListener("fullscreenchange", () => this.#refresh());
    canWearHeadset().then((can) => {
      this.#headset = can;
      this.#refresh();
    });
    this.#refresh();
  }

  /** Show a job, or nothing. To be called whenever something about the job changes. */
  show(view) {
    const other = view?.id !== this.#view?.id;
    this.#view = view;
    if (other) this.#forget();
    this.#update();
  }

  /** Say in `words` why there can be no 3D here; the flat pictures are shown all the same. */
  setAvailable(available, words) {
    this.#unavailable = available ? null : words;
    if (!available) this.#dropScene();
    this.#update();
  }

  #build() {
    const { bare } = this.#options;
    this.canvas = this.#newCanvas();
    this.flat = element("img", { class: "stage-flat", alt: "", draggable: "false", load: () => this.#refresh(), error: () => this.#refresh() });
    this.words = element("p", { class: "stage-words" });
    this.notice = new Notice();
    this.views = new ViewChoice({ onView: (view) => this.#choose({ view }), onShape: (shape) => this.#choose({ shape }) });
    this.tools = new Toolbar({
      goHome: () => this.#goHome(),
      toggleWalking: () => this.#toggleWalking(),
      toggleClassic: () => this.#toggleClassic(),
      enterHeadset: () => this.#enterHeadset(),
      screenshot: () => this.#saveScreenshot(),
      toggleFull: () => this.#toggleFull(),
      help: () => this.help.showModal(),
    });
    this.timeline = new Timeline({ onChange: () => this.#refresh(), giveBack: () => this.canvas.focus({ preventScroll: true }) });
    this.help = helpDialog();
    const top = element("div", { class: "stage-top" }, this.views.element, this.tools.element);
    const bottom = element("div", { class: "stage-bottom" }, this.notice.element, ...(bare ? [] : [this.timeline.element]));
    this.#element.classList.add("stage");
    this.#element.replaceChildren(this.canvas, this.flat, this.words, ...(bare ? [] : [top]), bottom, this.help);
  }

  #newCanvas() {
    return element("canvas", { class: "stage-canvas", tabindex: 0, role: "application", "aria-label": KEYS });
  }

  /** Forget what belonged to the job before. */
  #forget() {
    this.#chosen = { ...this.#chosen, view: null, shape: "sphere" };
    this.#contents?.clear();
    this.#pictures?.clear();
    this.#scene?.visitor.goHome();
    this.timeline.attach(null);
    this.flat.removeAttribute("src");
    this.flat.hidden = true;
    this.#said = "";
  }

  #dropScene() {
    this.#contents?.clear();
    this.#pictures?.clear();
    this.#scene?.dispose();
    this.#scene = this.#contents = this.#pictures = null;
  }

  // What is to be seen

  get #hasScene() {
    return Boolean(this.#view?.scene || this.#view?.frames?.length);
  }

  get #available() {
    const view = this.#view;
    if (!view) return [];
    return ["scene", ...(view.panorama ? ["panorama"] : []), ...(view.depth ? ["depth"] : [])];
  }

  /** What was chosen, or else the scene, or the panorama as long as there is no scene to be seen. */
  get #seen() {
    const { view } = this.#chosen;
    if (view && this.#available.includes(view)) return view;
    if (!this.#view?.panorama) return "scene";
    return this.#contents?.shown ? "scene" : "panorama";
  }

  get #shape() {
    return this.#unavailable ? "flat" : this.#chosen.shape;
  }

  #update() {
    const view = this.#view;
    const in3d = view && (this.#hasScene || (view.panorama && this.#shape === "sphere"));
    if (in3d && !this.#unavailable && !this.#scene) this.#start();
    if (this.#contents && view) {
      if (view.frames) this.#contents.showFilm(view.frames, view.fps, this.#options.bare);
      else if (view.scene) this.#contents.showFile(view.scene);
    }
    this.#refresh();
  }

  async #start() {
    if (this.#starting || this.#lost) return;
    this.#starting = true;
    try {
      if (!hasWebGL2()) throw new Error(NO_WEBGL);
      const [{ Scene }, splats] = await Promise.all([import("./scene.js"), import("./splats.js")]).catch((error) => {
        throw new Error(NO_MODULES, { cause: error });
      });
      this.#splats = splats;
      if (!this.#unavailable) this.#open(Scene);
    } catch (error) {
      this.#unavailable = error.message;
    }
    this.#starting = false;
    this.#update();
  }

  #open(Scene) {
    const pose = this.#lastPose;
    this.#scene = new Scene(this.canvas, this.#element, {
      spin: this.#options.spin,
      onTick: (dt) => this.#contents?.tick(dt),
      onDrawn: () => this.#drawn(),
      onInput: () => (this.#options.spin = 0),
      onLost: () => this.#contextLost(),
      onRestored: () => this.#contextRestored(Scene),
    });
    if (pose) this.#scene.visitor.pose = pose;
    this.#scene.setClassic(this.#chosen.classic);
    this.#contents = new Contents(this.#scene, this.#splats, () => this.#refresh());
    this.#pictures = new Pictures(this.#scene, () => this.#refresh());
  }
}
