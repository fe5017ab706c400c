// The stage of the page: shows a job as scene, panorama or depth, and keeps buttons, words and data attributes true to it.
// three.js and Spark may be missing, so nothing here imports them but `#start`, when they are first needed.

import { element } from "../dom.js";
import { Contents } from "./contents.js";
import { Toolbar, ViewChoice } from "./controls.js";
import { account, decide, hasScene } from "./decide.js";
import { canWearHeadset } from "./headset.js";
import { helpDialog } from "./help.js";
import { keysAreTaken } from "./input.js";
import { Notice } from "./notice.js";
import { Pictures } from "./pictures.js";
import { Timeline } from "./timeline.js";

const KEYS =
  "3D scene. W, A, S, D move, Q and E go down and up, shift is faster, the arrow keys and dragging look around, the wheel zooms, " +
  "R goes back to the start, V switches between walking and flying, the question mark opens help.";
const NO_WEBGL = "This browser cannot draw in 3D: WebGL 2 is missing or switched off.";
const NO_MODULES = "The 3D viewer could not be loaded. Reload the page to try again.";
const LOST = "The graphics card has dropped the picture. It comes back when the card is there again.";
const EMPTY = "The scene appears here.";
const LIMIT = "This is as far as the picture reaches.";

/** Shows jobs in an element, which it fills. */
export class Stage {
  #element;
  #bare;
  #spin;
  #view = null;
  #chosen = { view: null, shape: "sphere" };
  #classic = false;
  #unavailable = null;
  #headset = false;
  #starting = false;
  #lost = false;
  #visitor = null; // outlives the scene that it moves in
  #modules = null;
  #scene = null;
  #contents = null;
  #pictures = null;
  #drawnPicture = null;
  #settled = false;
  #state = "";

  /** @param options `bare`: nothing but the picture, for kiosks; `spin`: degrees per second of slow turning until the first input */
  constructor(stage, { bare = false, spin = 0 } = {}) {
    this.#element = stage;
    this.#bare = bare;
    this.#spin = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : spin;
    this.#build();
    window.addEventListener("keydown", (event) => this.#keyDown(event));
    document.addEventListener("fullscreenchange", () => this.#refresh());
    canWearHeadset().then((can) => {
      this.#headset = can;
      this.#refresh();
    });
    this.#refresh();
  }

  /** Show a job, or nothing (null). To be called whenever something about the job changes. */
  show(view) {
    const other = view?.id !== this.#view?.id;
    this.#view = view;
    if (other) this.#forget();
    this.#update();
  }

  /** Say in `words` why there can be no 3D here; the flat pictures are shown all the same. */
  setAvailable(available, words) {
    this.#unavailable = available ? null : words;
    if (!available) this.#close();
    this.#update();
  }

  #build() {
    this.canvas = newCanvas();
    this.flat = element("img", { class: "stage-flat", alt: "", draggable: "false", load: () => this.#refresh(), error: () => this.#refresh() });
    this.words = element("p", { class: "stage-words" });
    this.notice = new Notice();
    this.views = new ViewChoice({ onView: (view) => this.#choose({ view }), onShape: (shape) => this.#choose({ shape, view: this.#seen().view }) });
    this.tools = new Toolbar({
      goHome: () => this.#scene?.goHome(),
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
    const bottom = element("div", { class: "stage-bottom" }, this.notice.element, ...(this.#bare ? [] : [this.timeline.element]));
    this.#element.classList.add("stage");
    this.#element.replaceChildren(this.canvas, this.flat, this.words, ...(this.#bare ? [] : [top]), bottom, this.help);
  }

  #seen() {
    return decide({ view: this.#view, chosen: this.#chosen, unavailable: this.#unavailable, sceneShown: Boolean(this.#contents?.shown) });
  }

  /** Forget what belonged to the job before. */
  #forget() {
    this.#chosen = { view: null, shape: "sphere" };
    this.#contents?.clear();
    this.#pictures?.clear();
    this.#scene?.goHome();
    this.#visitor?.goHome();
    this.#drawnPicture = null;
    this.flat.removeAttribute("src");
  }

  /** Bring into the scene what belongs there, and start it if need be. */
  #update() {
    const view = this.#view;
    const seen = this.#seen();
    const in3d = hasScene(view) || (seen.url && seen.shape === "sphere");
    if (in3d && !this.#unavailable && !this.#scene) this.#start();
    if (this.#contents && view?.frames) this.#contents.showFilm(view.frames, view.fps, this.#bare);
    else if (this.#contents && view?.scene) this.#contents.showFile(view.scene);
    this.#refresh();
  }

  async #start() {
    if (this.#starting || this.#lost) return;
    this.#starting = true;
    try {
      if (!hasWebGL2()) throw new Error(NO_WEBGL);
      this.#modules ??= await Promise.all([import("./scene.js"), import("./splats.js")]).catch((error) => {
        throw new Error(NO_MODULES, { cause: error });
      });
      if (!this.#unavailable) this.#open();
    } catch (error) {
      this.#unavailable = error.message;
    }
    this.#starting = false;
    this.#update();
  }

  #open() {
    const [{ Scene }, splats] = this.#modules;
    this.#scene = new Scene(this.canvas, this.#element, {
      visitor: this.#visitor,
      spin: this.#spin,
      onTick: (dt) => this.#contents?.tick(dt),
      onDrawn: () => this.#drawn(),
      onInput: () => (this.#spin = 0),
      onLost: () => this.#contextLost(),
    });
    this.#scene.setClassic(this.#classic);
    this.#visitor = this.#scene.visitor;
    this.#contents = new Contents(this.#scene, splats, () => this.#refresh());
    this.#pictures = new Pictures(this.#scene, () => this.#refresh());
  }

  /** Give everything in 3D back; a new scene gets a new canvas. */
  #close() {
    if (!this.#scene) return;
    this.#contents.clear();
    this.#pictures.clear();
    this.#scene.dispose();
    this.#scene = this.#contents = this.#pictures = this.#drawnPicture = null;
    const canvas = newCanvas();
    this.canvas.replaceWith(canvas);
    this.canvas = canvas;
  }

  /** All is given back, and made anew where the visitor stands as soon as the browser says that it can be. */
  #contextLost() {
    this.#lost = true;
    this.canvas.addEventListener("webglcontextrestored", () => {
      this.#lost = false;
      this.#update();
    });
    this.#close();
    this.#refresh();
  }

  /** After each tick of the scene. */
  #drawn() {
    this.#contents?.look();
    if (!this.#scene || !this.#contents) return;
    const { visitor, settled } = this.#scene;
    const { x, y, z, stopped } = visitor.pose;
    setData(this.#element, "position", [x, y, z].map((value) => value.toFixed(2).replace("-0.00", "0.00")).join(","));
    setData(this.#element, "heading", String(Math.round(visitor.heading * 10) / 10));
    setData(this.#element, "settled", String(settled));
    if (stopped) this.notice.glimpse(matchMedia("(pointer: coarse)").matches ? LIMIT : `${LIMIT} V: fly on`);
    if (settled !== this.#settled) {
      this.#settled = settled;
      this.#refresh();
    }
  }

  /** Make everything on the page true to what is known now. */
  #refresh() {
    const view = this.#view;
    const seen = this.#seen();
    const picture = this.#showPicture(seen);
    const facts = { view, seen, unavailable: this.#unavailable, contents: this.#contents, picture };
    const said = this.#lost ? { state: "error", fault: { words: LOST, again: null } } : account(facts);
    const in3d = Boolean(this.#scene) && !this.#lost && (seen.view === "scene" ? hasScene(view) : seen.shape === "sphere");
    this.canvas.hidden = !in3d;
    this.words.textContent = !view ? EMPTY : seen.view === "scene" && this.#unavailable ? this.#unavailable : "";
    this.views.show(seen);
    this.tools.show({ in3d, inScene: in3d && seen.view === "scene", walking: this.#visitor?.pose.walking ?? true, classic: this.#classic, headset: this.#headset });
    this.tools.element.hidden = !view;
    this.timeline.attach(in3d && seen.view === "scene" ? (this.#contents?.film?.clock ?? null) : null);
    this.#say(said, seen);
  }

  #say({ state, fault, words, share }, seen) {
    const { dataset } = this.#element;
    const shown = this.#contents?.shown;
    Object.assign(dataset, { state, view: seen.view, shown: shown?.url ?? "" });
    if (typeof shown?.frame === "number") dataset.frame = shown.frame;
    else delete dataset.frame;
    if (fault) this.notice.fail(fault.words, fault.again);
    else if (words) this.notice.say(words, share);
    else this.notice.clear();
    if (state !== this.#state) this.#announce(state, seen.view);
    this.#state = state;
  }

  #announce(state, view) {
    const name = view === "scene" ? "scene" : view === "depth" ? "depth map" : "panorama";
    if (this.#contents?.film?.clock.playing) return;
    if (state === "loading") this.notice.announce(`Loading the ${name}`);
    if (state === "ready") this.notice.announce(`The ${name} is shown`);
  }

  /** Show the picture that is to be seen, around the visitor or flat; returns how far it has got. */
  #showPicture({ view, shape, url }) {
    const flat = url !== null && shape === "flat";
    this.flat.hidden = !flat;
    if (flat && this.flat.getAttribute("src") !== url) {
      this.flat.src = url;
      this.flat.alt = `${view === "depth" ? "Depth map" : "Panorama"} of ${this.#view.title}`;
    }
    const texture = url !== null && !flat ? (this.#pictures?.get(url) ?? null) : null;
    this.#scene?.showPicture(texture);
    if (flat) return flatState(this.flat);
    if (texture && this.#scene.settled) this.#drawnPicture = texture;
    const fault = this.#pictures?.fault ?? null;
    return { state: fault ? "error" : texture && this.#drawnPicture === texture ? "ready" : "loading", fault };
  }

  // What people do

  #choose(choice) {
    Object.assign(this.#chosen, choice);
    this.#update();
  }

  #keyDown(event) {
    if (keysAreTaken(event, this.#element) || !this.#view) return;
    const onButton = event.target.closest?.("button, a");
    if (event.key === "?" && !this.#bare) this.help.showModal();
    else if (event.code === "KeyR") this.#scene?.goHome();
    else if (event.code === "KeyV") this.#toggleWalking();
    else if (event.code === "KeyK" || (event.code === "Space" && !onButton)) this.timeline.togglePlay();
    else return;
    event.preventDefault();
  }

  #toggleWalking() {
    const visitor = this.#scene?.visitor;
    if (!visitor) return;
    visitor.setWalking(!visitor.pose.walking);
    this.notice.glimpse(visitor.pose.walking ? "Walking: at eye height, as far as the picture reaches" : "Flying: wherever you look");
    this.#refresh();
  }

  #toggleClassic() {
    this.#classic = !this.#classic;
    this.#scene?.setClassic(this.#classic);
    this.#refresh();
  }

  async #enterHeadset() {
    try {
      await this.#scene.headset.start(() => this.#scene?.leaveHeadset());
    } catch {
      this.notice.glimpse("The headset could not be started.");
    }
  }

  async #toggleFull() {
    try {
      await (document.fullscreenElement ? document.exitFullscreen() : this.#element.requestFullscreen());
    } catch {
      this.notice.glimpse("The browser does not allow full screen here.");
    }
  }

  async #saveScreenshot() {
    const url = URL.createObjectURL(await this.#scene.screenshot());
    const name = this.#view.title.replace(/\.[^.]+$/, "").replace(/[^\p{L}\p{N} ._-]+/gu, "_");
    element("a", { href: url, download: `${name || "scene"}.png` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}

function newCanvas() {
  return element("canvas", { class: "stage-canvas", tabindex: 0, role: "application", "aria-label": KEYS });
}

function setData(target, name, value) {
  if (target.dataset[name] !== value) target.dataset[name] = value;
}

function flatState(image) {
  if (!image.complete) return { state: "loading", fault: null };
  if (image.naturalWidth > 0) return { state: "ready", fault: null };
  return { state: "error", fault: { words: "The picture cannot be shown.", again: () => (image.src = image.getAttribute("src")) } };
}

/** Asked once with a canvas of its own: a canvas that has failed cannot be used for anything else. */
function hasWebGL2() {
  const context = document.createElement("canvas").getContext("webgl2");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}
