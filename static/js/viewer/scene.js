// The 3D picture: renderer, Spark, and the one loop that draws them. It knows files only as meshes and textures, and the page not at all.

import { SparkRenderer } from "@sparkjsdev/spark";
import * as THREE from "three";
import { Detail } from "./detail.js";
import { PadButtons, wantsAnything } from "./gamepad.js";
import { Headset } from "./headset.js";
import { Input } from "./input.js";
import { lookOnly } from "./movement.js";
import { pick } from "./pick.js";
import { Sphere, sphereTexture } from "./sphere.js";
import { Visitor } from "./visitor.js";

const PIXEL_RATIO_MAX = 2;
const LONGEST_STEP_S = 1;
const QUIET_TICKS = 2;
const QUIET_TICKS_LOD = 8;
const BLUR = { fine: { preBlurAmount: 0, blurAmount: 0.3 }, classic: { preBlurAmount: 0.3, blurAmount: 0 } };

/** Draws on a canvas until `dispose`. Throws where there is no WebGL 2. */
export class Scene {
  /** What is seen: "scene"; "sphere", in which one turns and zooms, as moving would not show; or null, and nothing moves. */
  sight = null;
  plays = false; // whether the picture changes by itself, as fast as it is drawn
  #scene = new THREE.Scene();
  #group = new THREE.Group();
  #sphere = new Sphere();
  #mesh = null;
  #meshVersion = 0;
  #drawn = false;
  #needsPicture = true;
  #quiet = 0;
  #moves = false;
  #pads = new PadButtons();
  #last = Infinity; // no time has passed before the first tick
  #isCalm = matchMedia("(prefers-reduced-motion: reduce)");
  #detail;
  #calls;
  #input;
  #sizes;
  #onLost = (event) => {
    event.preventDefault();
    this.renderer.setAnimationLoop(null);
    this.#calls.onLost();
  };
  #onHidden = () => this.#detail.forget();

  /**
   * @param calls `visitor` to take over, `spin` in degrees per second until the first input,
   *   `onTick(dt)` before each picture (0 s while the scene is not seen), `onDrawn()` after it,
   *   `onInput()` at every input, `onDouble(event)` at a double click, `onAction(name)` for a gamepad's buttons,
   *   `onSlow()` once, when less is drawn as this computer is slow, `onLost()` when the graphics card has dropped everything
   */
  constructor(canvas, stage, { visitor, spin = 0, ...calls }) {
    this.#calls = calls;
    this.visitor = visitor ?? new Visitor();
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: false, powerPreference: "high-performance" });
    this.renderer.toneMapping = THREE.NoToneMapping;
    this.spark = new SparkRenderer({ renderer: this.renderer, lodRaycast: 0, onDirty: () => this.invalidate(), ...BLUR.fine });
    this.spark.onBeforeRender = (...given) => this.#beforeSplats(given);
    this.#group.quaternion.set(1, 0, 0, 0); // files: x right, y down, z forward; three.js: y up, z backward
    this.#scene.add(this.spark, this.#group, this.#sphere.mesh, this.visitor.rig);
    this.headset = new Headset(this.renderer);
    this.#detail = new Detail(this.spark, { onChange: () => this.invalidate(), onSlow: () => this.#calls.onSlow() });
    this.spin = spin;
    this.#input = new Input(canvas, stage, { sight: () => this.sight, onInput: () => this.#touched(), onDouble: calls.onDouble });
    canvas.addEventListener("webglcontextlost", this.#onLost);
    document.addEventListener("visibilitychange", this.#onHidden);
    this.#sizes = new ResizeObserver(() => this.#resize());
    this.#sizes.observe(canvas);
    this.#resize();
    this.renderer.setAnimationLoop((now) => this.#tick(now / 1000));
  }

  /** Whether this computer draws slowly, as far as that is known. */
  get isWeak() {
    return this.#detail.isWeak;
  }

  /** Whether the newest mesh is sorted and drawn, and nothing is under way. */
  get settled() {
    return this.#quiet >= (this.#hasLevels ? QUIET_TICKS_LOD : QUIET_TICKS) && (this.#mesh === null || this.isDisplayed);
  }

  /** Whether, besides, the visitor stands still, nothing has been asked for since the last picture, and no better one will follow. */
  get still() {
    return this.settled && !this.#moves && (this.#detail.isFinal || !this.spark.visible);
  }

  /** Whether there has been a picture of the newest mesh, as it was last changed. */
  get isDrawn() {
    return this.#drawn;
  }

  /** Whether the newest mesh, as it was last changed, is sorted: the next picture shows it, if the last one did not yet. */
  get isDisplayed() {
    return this.spark.display.mapping.some(({ node, mappingVersion }) => node === this.#mesh && mappingVersion >= this.#meshVersion);
  }

  /** The name of the newest mesh, or null. */
  get meshName() {
    return this.#mesh?.name ?? null;
  }

  /**
   * Put a mesh in place of the one that is there, which stays in sight until the new one is sorted. One that `canThin` is drawn with
   * fewer Gaussians where all of them take too long, but for up to so many `beside` those of the mesh itself.
   */
  setMesh(mesh, { canThin = false, beside = 0 } = {}) {
    this.#mesh = mesh;
    this.#detail.setMesh(mesh, { canThin, beside });
    this.#group.add(mesh);
    mesh.onFrame = () => {
      if (mesh.numSplats === 0 || mesh !== this.#mesh) return;
      mesh.onFrame = undefined;
      for (const other of this.#group.children) other.visible = other === mesh;
    };
    this.markChanged();
  }

  /** Tell that the mesh shows something else from now on. */
  markChanged() {
    this.#meshVersion = this.#mesh.mappingVersion;
    this.#drawn = false;
    this.#quiet = 0;
    this.#detail.expectNew();
    this.invalidate();
  }

  /** Take everything away at once. */
  clear() {
    this.#mesh = null;
    this.#drawn = false;
    this.#detail.setMesh(null);
    for (const mesh of [...this.#group.children]) discard(mesh);
    this.#sphere.show(null);
    this.#quiet = 0;
    this.invalidate();
  }

  /** Show a texture around the visitor, over the Gaussians; null shows these, where they are drawn already by a fade. */
  showPicture(texture) {
    if (!this.#sphere.show(texture, this.#drawn && !this.#isCalm.matches)) return;
    this.#quiet = 0;
    this.invalidate();
  }

  /** Show what is painted over the picture around the visitor, a `Painting`; null shows nothing. */
  showPaint(painting) {
    if (this.#sphere.showPaint(painting)) this.invalidate();
  }

  /** Put a decoded picture on the graphics card. */
  makeTexture(bitmap) {
    const texture = sphereTexture(bitmap, this.renderer.capabilities.getMaxAnisotropy());
    this.renderer.initTexture(texture);
    return texture;
  }

  /** Whether places of the scene can be picked; of one that moves in what stands. */
  get canPick() {
    return this.#mesh?.raycastable === true;
  }

  /** The `point` of the surface at a place of the page (`clientX`, `clientY`) and its `distance`; null where nothing is seen. */
  pick(place) {
    return this.#mesh && this.#drawn ? pick(this.#mesh, this.visitor.camera, this.renderer.domElement, place) : null;
  }

  /** Where a point is on the canvas, `x` and `y` in pixels of the page; null for one behind the visitor. */
  placeOf(point) {
    const { clientWidth, clientHeight } = this.renderer.domElement;
    const { camera } = this.visitor;
    if (point.clone().applyMatrix4(camera.matrixWorldInverse).z >= 0) return null;
    const { x, y } = point.clone().project(camera);
    return { x: ((x + 1) / 2) * clientWidth, y: ((1 - y) / 2) * clientHeight };
  }

  /** The point of the surface in the middle of the picture, or null. */
  pickMiddle() {
    const { left, top, width, height } = this.renderer.domElement.getBoundingClientRect();
    return this.pick({ clientX: left + width / 2, clientY: top + height / 2 })?.point ?? null;
  }

  /** The newest mesh, or null. */
  get mesh() {
    return this.#mesh;
  }

  /** Turn what the scene holds, by a quaternion x, y, z, w in the frame of files; null turns it back. */
  setTurn(quaternion) {
    this.#group.quaternion.set(1, 0, 0, 0).multiply(new THREE.Quaternion(...(quaternion ?? [0, 0, 0, 1])));
    this.invalidate();
  }

  /** Stand somewhere at once, as `Visitor.standAt` takes it. */
  standAt(place) {
    this.visitor.standAt(place);
    this.#touched();
    this.invalidate();
  }

  /** Back to the capture point. */
  goHome() {
    this.visitor.goHome();
    this.#touched();
    this.invalidate();
  }

  /** The canvas takes over again from a headset. */
  leaveHeadset() {
    this.#resize();
    this.goHome();
  }

  /** Draw as Gaussians were first drawn, or antialiased with the right opacity. */
  setClassic(classic) {
    Object.assign(this.spark, BLUR[classic ? "classic" : "fine"]);
    this.invalidate();
  }

  /** Ask for a new picture. */
  invalidate() {
    this.#needsPicture = true;
  }

  /** The picture as a PNG. It is drawn anew: a canvas keeps no picture beyond the task that drew it. */
  screenshot() {
    if (!this.headset.isWorn) this.renderer.setPixelRatio(Math.max(1, this.#ratio)); // the next tick puts it back
    this.#draw();
    return new Promise((resolve) => this.renderer.domElement.toBlob(resolve, "image/png"));
  }

  /** Give back everything; the canvas cannot be used again. */
  dispose() {
    const canvas = this.renderer.domElement;
    this.renderer.setAnimationLoop(null);
    this.#sizes.disconnect();
    this.#input.dispose();
    this.headset.end();
    canvas.removeEventListener("webglcontextlost", this.#onLost);
    document.removeEventListener("visibilitychange", this.#onHidden);
    this.#detail.forget();
    this.clear();
    this.#sphere.dispose();
    this.spark.geometry.dispose();
    this.spark.material.dispose();
    this.spark.dispose();
    this.renderer.dispose();
  }

  #tick(now) {
    const dt = Math.min(LONGEST_STEP_S, Math.max(0, now - this.#last));
    this.#last = now;
    this.#moves = this.sight !== null && this.#moveVisitor(dt);
    if (this.#sphere.tick(dt)) this.invalidate();
    if (!this.headset.isWorn) {
      const isBusy = this.#needsPicture || this.#isSorting() || this.#levelsWait();
      this.#detail.keep(now, { moves: this.#moves || this.plays, isBusy, isDrawn: this.#drawn });
    }
    if (this.renderer.getPixelRatio() !== this.#ratio) this.#resize();
    this.#calls.onTick(this.sight === "scene" ? dt : 0);
    const isFree = this.headset.isWorn || !this.#detail.isDrawing; // pictures that pile up would leave the page no time
    if (isFree && (this.#needsPicture || this.#moves || this.headset.isWorn || this.#levelsWait())) this.#draw();
    this.#look();
  }

  /** Do what has been asked for; returns whether the picture changes. */
  #moveVisitor(dt) {
    for (const action of this.#pads.read()) this.#calls.onAction(action);
    const { pose, speed } = this.visitor;
    const intent = this.#input.read({ fov: pose.fov, speed });
    const worn = this.headset.read(intent);
    if (this.spin && wantsAnything(intent)) this.#touched();
    intent.pan.heading += (this.spin * dt * Math.PI) / 180;
    return this.visitor.advance(dt, this.sight === "scene" ? intent : lookOnly(intent), worn ? this.headset.viewHeading() : null);
  }

  /** Somebody has done something: the slow turn ends for good, and until the next tick the picture counts as moving. */
  #touched() {
    this.spin = 0;
    this.#moves = true;
    this.#calls.onInput();
  }

  #draw() {
    this.#needsPicture = false; // before drawing: Spark asks for the next picture while it draws
    this.visitor.rig.updateMatrixWorld();
    this.#sphere.mesh.position.setFromMatrixPosition((this.headset.isWorn ? this.renderer.xr.getCamera() : this.visitor.camera).matrixWorld);
    this.spark.visible = !this.#sphere.mesh.visible || this.#sphere.fades || !this.isDisplayed || this.#isSorting();
    this.renderer.render(this.#scene, this.visitor.camera);
    this.#drawn = this.#mesh !== null && this.isDisplayed;
    this.#detail.started(this.#drawn && this.spark.visible, this.#moves || this.plays, this.#isSorting() || this.#levelsWait());
  }

  /** See what Spark has got to: what it replaced can go, and quiet ticks are counted. */
  #look() {
    if (this.#mesh && this.isDisplayed && this.#group.children.length > 1) {
      for (const mesh of [...this.#group.children]) if (mesh !== this.#mesh) discard(mesh);
    }
    const busy = this.#needsPicture || this.#detail.isDrawing || (this.spark.visible && this.#isSorting()) || this.#levelsWait();
    this.#quiet = busy ? 0 : this.#quiet + 1;
    this.#calls.onDrawn();
  }

  /** Nothing is drawn of meshes that are gone already, though Spark may still be sorting them. */
  #beforeSplats(given) {
    SparkRenderer.prototype.onBeforeRender.apply(this.spark, given);
    if (!this.spark.display.mapping.some(({ node }) => node.parent === this.#group)) this.spark.geometry.instanceCount = 0;
  }

  #isSorting() {
    const { spark } = this;
    return spark.sorting || spark.sortDirty || spark.display.mappingVersion !== spark.current.mappingVersion;
  }

  get #hasLevels() {
    return Boolean(this.#mesh?.splats?.lodSplats);
  }

  /** Levels of detail are chosen by a worker that is asked with every picture: go on drawing until it has answered. */
  #levelsWait() {
    return this.#hasLevels && this.spark.visible && (this.spark.lodDirty || this.spark.lodWorker?.queue != null || !this.isDisplayed);
  }

  get #ratio() {
    const most = Math.min(PIXEL_RATIO_MAX, window.devicePixelRatio);
    return this.headset.isWorn ? most : Math.min(most, this.#detail.pixels);
  }

  #resize() {
    const { clientWidth, clientHeight } = this.renderer.domElement;
    if (this.headset.isWorn || clientWidth === 0 || clientHeight === 0) return;
    this.renderer.setPixelRatio(this.#ratio);
    this.renderer.setSize(clientWidth, clientHeight, false);
    this.visitor.setAspect(clientWidth / clientHeight);
    this.#draw(); // at once: setting the size has emptied the canvas
  }
}

function discard(mesh) {
  mesh.removeFromParent();
  mesh.traverse((part) => part.dispose?.());
}
