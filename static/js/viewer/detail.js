// How much of a scene is drawn: pictures are timed, and where they take long there are fewer pixels and Gaussians.

import { levelsFor, Pace } from "./pace.js";
import { drawsInSoftware, Stopwatch } from "./stopwatch.js";

const REST_S = 0.4; // who has not moved for so long stands still

/** Keeps the pace of one Spark renderer. */
export class Detail {
  #spark;
  #calls;
  #watch;
  #mesh = null;
  #beside = 0;
  #pace = idlePace();
  #counts = false; // whether the picture under way tells how long its level takes
  #isNew = false;
  #lastMove = -Infinity;
  #toldSlow = false;

  /** @param calls `onChange()` when another picture is wanted, `onSlow()` once, when less is drawn as this computer is slow */
  constructor(spark, calls) {
    this.#spark = spark;
    this.#calls = calls;
    const gl = spark.renderer.getContext();
    this.#watch = new Stopwatch(gl);
    this.isWeak = drawsInSoftware(gl);
  }

  /** How many pixels of the picture there are to be per pixel of the page. */
  get pixels() {
    return this.#pace.level.pixels;
  }

  /** Whether this is the best picture until the viewer moves. */
  get isFinal() {
    return this.#pace.isFinal;
  }

  /** Whether the last picture that was asked for is not done yet. */
  get isDrawing() {
    return this.#watch.isRunning;
  }

  /** Begin with another mesh, or none (null); see `Scene.setMesh`. */
  setMesh(mesh, { canThin = false, beside = 0 } = {}) {
    this.#mesh = mesh;
    this.#beside = beside;
    const count = mesh ? (mesh.splats.lodSplats ?? mesh.splats).getNumSplats() : 0;
    this.#pace = mesh ? new Pace(levelsFor({ count, canThin, pixelRatio: window.devicePixelRatio }), count, this.isWeak) : idlePace();
    if (mesh) this.#thin();
  }

  /** The next picture shows something new: it must come as quickly as one while moving. */
  expectNew() {
    this.#isNew = true;
  }

  /** A picture has been asked for; `tells` whether it is one of the mesh. */
  started(tells, moves, isBusy) {
    this.#watch.start();
    this.#counts = tells && this.#spark.activeSplats <= this.#pace.level.splats * 1.2 + this.#beside && (moves || !isBusy);
  }

  /** Forget the picture under way, as when the page is not seen. */
  forget() {
    this.#watch.forget();
  }

  /**
   * Draw less where pictures take too long, and more again when the viewer stands still. To be called before each picture: where these
   * take long, `moves` means that the viewer moved since the last one, however long ago that was.
   */
  keep(now, { moves, isBusy, isDrawn }) {
    const seconds = this.#watch.read();
    if (seconds !== null && this.#counts) this.#pace.took(seconds);
    if (moves || this.#isNew) this.#lastMove = now;
    this.#isNew = false;
    if (this.isDrawing) return;
    const { level } = this.#pace;
    if (now - this.#lastMove < REST_S) this.#pace.move();
    else if (!isBusy && this.#spark.visible && this.#pace.rest()) this.#calls.onChange();
    if (this.#pace.level !== level) this.#thin();
    if (this.#pace.isSlow && isDrawn) this.#tellSlow();
  }

  #tellSlow() {
    if (this.#toldSlow) return;
    this.isWeak = this.#toldSlow = true;
    this.#calls.onSlow();
  }

  /** Draw at most as many Gaussians as the level has. */
  #thin() {
    const { splats } = this.#mesh;
    const most = this.#pace.level.splats;
    this.#spark.lodSplatCount = most === Infinity ? undefined : most;
    if (most < Infinity && !splats.lodSplats) splats.createLodSplats().then(() => this.#calls.onChange());
    if (splats.nonLod) this.#mesh.enableLod = most < Infinity; // all of them are there beside the tree
    this.#calls.onChange();
  }
}

/** The pace of a scene without Gaussians. */
const idlePace = () => new Pace(levelsFor({ count: 0, canThin: false, pixelRatio: window.devicePixelRatio }), 0);
