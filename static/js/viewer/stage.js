// The stage of the page: shows a job as scene, panorama or depth, and keeps buttons, words and data attributes true to it.
// three.js and Spark may be missing, and take a while, so that all of 3D is imported by `#start`, when it is first needed.

import { element } from "../dom.js";
import { hasWebGL2, newCanvas, savePicture } from "./canvas.js";
import { Clock, MovingClock } from "./clocks.js";
import { Toolbar, ViewChoice } from "./controls.js";
import { account, decide, hasScene } from "./decide.js";
import { canWearHeadset } from "./headset.js";
import { FlatPicture } from "./flat.js";
import { helpDialog } from "./help.js";
import { Hints } from "./hints.js";
import { keysAreTaken } from "./keys.js";
import { Measure } from "./measure.js";
import { MODES } from "./modes.js";
import { Notice } from "./notice.js";
import { shortcut } from "./shortcuts.js";
import { Studio } from "./studio.js";
import { Status } from "./status.js";
import { Timeline } from "./timeline.js";

const NO_WEBGL = "This browser cannot draw in 3D: WebGL 2 is missing or switched off.";
const NO_MODULES = "The 3D viewer could not be loaded. Reload the page to try again.";
const LOST = "The graphics card has dropped the picture. It comes back when the card is there again.";
const EMPTY = "The scene appears here.";
const SLOW = "This computer draws slowly, so you see less detail while you move.";
const LIMIT = "Farther on, the scene falls apart: the camera did not see it from there.";

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
  #lost = null; // the canvas whose context was lost: held until that is restored, as only then it tells
  #visitor = null; // outlives the scene that it moves in
  #clock = null; // of a video, likewise
  #modules = null;
  #scene = null;
  #contents = null;
  #pictures = null;
  #drawnPicture = null;
  #begins = "null"; // where home is, as JSON
  #settled = false;
  #saidLimit = false;
  #walls = null;
  #actions = {
    goHome: () => this.#goHome(),
    nextMode: () => this.#setMode(MODES[this.#visitor.pose.mode].next),
    walkOrFly: () => this.#setMode(this.#visitor.pose.mode === "walk" ? "fly" : "walk"),
    toggleOrbit: () => this.#setMode(this.#visitor.pose.mode === "orbit" ? "walk" : "orbit"),
    toggleClassic: () => this.#toggleClassic(),
    enterHeadset: () => this.#enterHeadset(),
    screenshot: () => this.#saveScreenshot(),
    toggleFull: () => this.#toggleFull(),
    togglePlay: () => this.timeline.togglePlay(),
    help: () => this.help.showModal(),
    measure: () => this.measure.toggle(),
    pictures: () => this.studio.toggle("stills"),
    edit: () => this.studio.toggle("editor"),
    alive: () => this.studio.toggle("alive"),
    measureMiddle: () => this.measure.addMiddle(this.canvas),
  };

  /**
   * @param options `bare`: nothing but the picture, for kiosks; `spin`: degrees per second of slow turning until the first input;
   *   `onScale(factor)` is called when the scene that is shown is to be made so much larger, `make(wish)` to have something made of it
   */
  constructor(stage, { bare = false, spin = 0, onScale = () => {}, make = () => {} } = {}) {
    this.#element = stage;
    this.#bare = bare;
    this.measure = new Measure({ scene: () => this.#scene, onScale, onChange: () => this.#refresh() });
    this.measure.listenTo(stage);
    this.studio = new Studio({
      scene: () => this.#scene, contents: () => this.#contents, make, say: (words) => this.notice.glimpse(words), onChange: () => this.#update(),
    });
    this.#spin = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : spin;
    this.#build();
    window.addEventListener("keydown", (event) => this.#keyDown(event));
    this.#refresh();
    canWearHeadset().then((can) => {
      this.#headset = can;
      this.#refresh();
    });
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
    this.flat = new FlatPicture(() => this.#refresh());
    this.words = element("p", { class: "stage-words" });
    this.notice = new Notice();
    this.hints = new Hints(this.notice);
    this.status = new Status(this.#element, this.notice);
    this.views = new ViewChoice({ onView: (view) => this.#choose({ view }), onShape: (shape) => this.#choose({ shape, view: this.#seen().view }) });
    this.tools = new Toolbar(this.#actions);
    this.timeline = new Timeline({ onChange: () => this.#refresh(), giveBack: () => this.canvas.focus({ preventScroll: true }) });
    this.help = helpDialog();
    const top = element("div", { class: "stage-top" }, this.views.element, this.tools.element);
    const controls = this.#bare ? [] : [this.studio.panels, this.measure.panel, this.timeline.element];
    const bottom = element("div", { class: "stage-bottom" }, this.notice.element, ...controls);
    const over = element("div", { class: "stage-over" }, ...(this.#bare ? [] : [top]), bottom);
    this.#element.classList.add("stage");
    this.#element.replaceChildren(this.canvas, this.flat.element, this.words, this.measure.element, this.studio.overlays, over, this.help);
  }

  #seen() {
    const sceneShown = Boolean(this.#contents?.shown);
    const chosen = this.studio.open === "alive" ? { view: "panorama", shape: "sphere" } : this.#chosen;
    return decide({ view: this.#viewNow(), chosen, unavailable: this.#unavailable, sceneShown });
  }

  /** The job, of a video with the depth of the frame where its clock stands. */
  #viewNow() {
    const { depth, depthOf, frames } = this.#view ?? {};
    return depth && depthOf && frames.length && this.#clock ? { ...this.#view, depth: depthOf(this.#clock.frame) } : this.#view;
  }

  /** Forget what belonged to the job before. */
  #forget() {
    this.#chosen = { view: null, shape: "sphere" };
    this.status.forget();
    this.measure.clear();
    this.studio.forget();
    this.#contents?.clear();
    this.#pictures?.clear();
    this.#visitor?.goHome();
    this.#scene?.invalidate();
    this.#clock = this.#drawnPicture = null;
    this.#saidLimit = false;
  }

  /** Bring into the scene what belongs there, and start it if need be. */
  #update() {
    const view = this.#view;
    const seen = this.#seen();
    const in3d = hasScene(view) || (seen.url && seen.shape === "sphere");
    if (in3d && !this.#unavailable && !this.#scene) this.#start();
    if (view?.frames) this.#clock ??= Object.assign(new Clock(view.fps || 10, view.frames.length), { playing: this.#bare });
    if (view?.moving) this.#clock ??= Object.assign(new MovingClock(), { playing: this.#bare || Boolean(view.plays) });
    if (this.#contents && view?.frames) this.#contents.showFilm(view.frames, this.#clock);
    else if (this.#contents && view?.moving) this.#contents.showMoving(view.moving, this.#clock);
    else if (this.#contents && view?.scene) this.#contents.showFile(this.studio.file ?? view.scene, view.standIn);
    this.#visitor?.setRange(view?.walkingRange ?? null, view?.viewpoints);
    if (this.#visitor) this.#walls.show(view?.collision ?? null, this.#visitor);
    this.#goToStart(view?.start ?? null);
    this.#refresh();
  }

  /** Go where the scene begins, as soon as that is known. */
  #goToStart(start) {
    const key = JSON.stringify(start);
    if (!this.#visitor || key === this.#begins) return;
    this.#begins = key;
    this.#visitor.setHome(start);
    this.#scene?.goHome();
  }

  async #start() {
    if (this.#starting || this.#lost) return;
    this.#starting = true;
    await new Promise((resume) => setTimeout(resume)); // a graphics context takes a while: the page can be used before
    try {
      if (!hasWebGL2()) throw new Error(NO_WEBGL);
      this.#modules ??= await Promise.all(modulesOf3d()).catch((error) => {
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
    const [{ Scene }, splats, { Contents }, { Pictures }, { Walls }] = this.#modules;
    this.#scene = new Scene(this.canvas, this.#element, {
      visitor: this.#visitor,
      spin: this.#spin,
      onTick: (dt) => (this.#contents?.tick(dt), this.studio.tick()),
      onDrawn: () => this.#drawn(),
      onInput: () => this.#touched(),
      onDouble: (event) => this.#goThere(event),
      onAction: (name) => this.#scene.sight === "scene" && this.#actions[name](),
      onSlow: () => this.notice.glimpse(SLOW),
      onLost: () => this.#contextLost(),
    });
    this.#scene.setClassic(this.#classic);
    this.#visitor = this.#scene.visitor;
    this.#walls ??= new Walls();
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
    this.status.set("settled", false);
  }

  /** All is given back, and made anew where the visitor stands as soon as the browser says that it can be. */
  #contextLost() {
    this.#lost = this.canvas;
    this.#lost.addEventListener("webglcontextrestored", () => {
      this.#lost = null;
      this.#update();
    });
    this.#close();
    this.#refresh();
  }

  /** After each tick of the scene. */
  #drawn() {
    this.#contents?.look();
    if (!this.#scene || !this.#contents) return;
    const { visitor, settled, still, sight } = this.#scene;
    const { x, y, z, stopped } = visitor.pose;
    this.status.set("position", [x, y, z].map((value) => value.toFixed(2).replace("-0.00", "0.00")).join(","));
    this.status.set("heading", Math.round(visitor.heading * 10) / 10);
    this.status.set("settled", still);
    this.measure.draw();
    if (stopped && sight === "scene") this.#sayLimit();
    if (sight === "scene" && settled && !this.#bare) this.hints.arrived();
    if (settled !== this.#settled) {
      this.#settled = settled;
      this.#refresh();
    }
  }

  /** Say once for each job why one goes no farther. */
  #sayLimit() {
    if (this.#saidLimit) return;
    this.#saidLimit = true;
    this.notice.glimpse(matchMedia("(pointer: coarse)").matches ? LIMIT : `${LIMIT} Press V to fly on.`);
  }

  /** At once, not with the next picture: code that waits until nothing moves may look before that. */
  #touched() {
    this.#spin = 0;
    this.hints.used();
    this.status.set("settled", false);
  }

  /** Make everything on the page true to what is known now. */
  #refresh() {
    const view = this.#view;
    const seen = this.#seen();
    const picture = this.#showPicture(seen);
    const lost = this.#lost && { state: "error", fault: { words: LOST, again: null } };
    const said = lost || account({ view, seen, unavailable: this.#unavailable, contents: this.#contents, picture });
    const in3d = Boolean(this.#scene) && (seen.view === "scene" ? hasScene(view) : seen.shape === "sphere");
    this.canvas.hidden = !in3d;
    this.words.textContent = !view ? EMPTY : seen.view === "scene" && this.#unavailable ? this.#unavailable : "";
    this.views.show(seen);
    const inScene = in3d && seen.view === "scene";
    if (in3d) this.#scene.sight = !inScene ? "sphere" : this.#contents.shown ? "scene" : null;
    else if (this.#scene) this.#scene.sight = null;
    const mode = this.#visitor?.pose.mode ?? "walk";
    this.status.set("mode", mode);
    this.measure.offer(inScene && this.#scene.canPick, view?.canScale ?? false);
    const canMake = inScene && Boolean(view?.canMake);
    const canAnimate = in3d && Boolean(view?.canAnimate);
    this.studio.offer({ stills: canMake, editor: canMake, alive: canAnimate }, view);
    this.tools.show({ studio: this.studio.open, canMake: view?.canMake, canAnimate, isStill: !view?.moving, in3d, inScene, mode, classic: this.#classic, headset: this.#headset, measures: this.measure.state });
    this.tools.element.hidden = !view;
    this.timeline.attach(inScene ? this.#clock : null);
    this.status.say(said, { seen, view, shown: this.#contents?.shown });
  }

  /** Show the picture that is to be seen, around the visitor or flat; returns how far it has got. */
  #showPicture({ view, shape, url }) {
    const flat = url !== null && shape === "flat";
    this.flat.show(flat ? url : null, `${view === "depth" ? "Depth map" : "Panorama"} of ${this.#view?.title}`);
    const picture = url !== null && !flat ? this.#pictures?.get(url) : null;
    const { texture, fault } = picture ?? { texture: null, fault: null };
    this.#scene?.showPicture(texture);
    if (flat) return this.flat;
    if (texture && this.#scene.settled) this.#drawnPicture = texture;
    return { state: fault ? "error" : texture && this.#drawnPicture === texture ? "ready" : "loading", fault };
  }

  #choose(choice) {
    if (this.studio.open === "alive") this.studio.toggle("alive");
    Object.assign(this.#chosen, choice);
    this.#update();
  }

  #keyDown(event) {
    if (keysAreTaken(event, this.#element)) return;
    const { code, key, repeat, target } = event;
    const canHelp = Boolean(this.#view) && !this.#bare;
    const facts = { sight: this.#scene?.sight ?? null, canPlay: this.timeline.canPlay, canHelp, measures: this.measure.state };
    const name = shortcut({ code, key, onButton: Boolean(target.closest?.("button, a")) }, facts);
    if (!name) return;
    event.preventDefault(); // also of a key that is held down: the page must not scroll below it
    if (!repeat) this.#actions[name]();
  }

  #goHome() {
    this.#scene?.goHome();
    this.#refresh();
  }

  #setMode(mode) {
    if (!this.#scene) return;
    this.#touched();
    this.#visitor.setMode(mode, mode === "orbit" ? this.#scene.pickMiddle() : null);
    this.#scene.invalidate();
    this.notice.glimpse(MODES[mode].words);
    this.#refresh();
  }

  /** Somebody has clicked twice: they go there. */
  #goThere(event) {
    const picked = this.#scene.sight === "scene" && !this.measure.isOn ? this.#scene.pick(event) : null;
    if (picked) this.#visitor.goTo(picked.point);
  }

  #toggleClassic() {
    this.#classic = !this.#classic;
    this.#scene?.setClassic(this.#classic);
    this.#refresh();
  }

  async #enterHeadset() {
    if (this.#visitor.pose.mode === "orbit") this.#setMode("walk");
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
    savePicture(await this.#scene.screenshot(), this.#view?.title ?? "");
  }
}

/** Each is written out: pages of one file find by these words what they have to hold. */
const modulesOf3d = () => [import("./scene.js"), import("./splats.js"), import("./contents.js"), import("./pictures.js"), import("./walls.js")];
