// What is in the scene: a file, still or moving, or the frames of a video. Loads in the background, swaps when ready, leaves nothing behind.

import { Film } from "./film.js";
import { fetchBytes, inMegabytes } from "./loading.js";
import { isWhole } from "./studio.js";

const PATIENCE_S = 0.8;

/** Fills a `Scene`. `state` is empty, loading, ready or error; `onChange` is called whenever it or the progress changes. */
export class Contents {
  state = "empty";
  shown = null; // { url, frame } of what is drawn
  progress = null; // { words, share }
  fault = null;
  film = null;
  #scene;
  #splats;
  #onChange;
  #url = null;
  #load = new AbortController();
  #frames = null;
  #moving = null;

  /** @param splats the module splats.js: it needs Spark, and so is imported only together with the scene */
  constructor(scene, splats, onChange) {
    this.#scene = scene;
    this.#splats = splats;
    this.#onChange = onChange;
  }

  /** Want a file in the scene; what is there stays until it is ready. A computer that draws slowly gets the `standIn` first, if there is one. */
  async showFile(url, standIn = null) {
    await this.#instead(url, () => this.showFile(url, standIn), async (signal) => {
      if (standIn && this.#scene.isWeak && !this.shown) await this.#put(standIn, signal);
      await this.#put(url, signal);
    });
  }

  /** Load a file by `read(signal)` in the place of the one before, unless it is wanted already; `again` is the way to try it anew. */
  async #instead(url, again, read) {
    if (url === this.#url) return;
    this.#load.abort();
    this.#load = new AbortController();
    this.#url = url;
    const { signal } = this.#load;
    this.#become("loading", { words: "Loading the scene", share: null });
    try {
      await read(signal);
    } catch (error) {
      if (!signal.aborted) this.#fail(`The scene cannot be shown: ${error.message}.`, () => this.#again(again));
    }
  }

  async #put(url, signal) {
    const mesh = await this.#decode(url, signal);
    this.#scene.setMesh(mesh, { canThin: !isWhole(url) });
  }

  /** Want a video in the scene, at the frame where its `Clock` stands. `urls` may grow from call to call. */
  showFilm(urls, clock) {
    this.film ??= new Film({
      clock,
      load: (...given) => this.#decodeFrame(...given),
      show: (frame) => this.#showFrame(frame),
      isDrawn: () => this.#scene.isDrawn,
    });
    if (this.state === "empty" && urls.length) this.#become("loading", { words: "Loading the first frame", share: null });
    this.film.setUrls(urls);
  }

  /** Want a file that moves in the scene, at the moment where its `MovingClock` stands. */
  async showMoving(url, clock) {
    await this.#instead(url, () => this.showMoving(url, clock), async (signal) => {
      const { MovingScene } = await import("./fourdgs/player.js");
      const onProgress = (loaded, total) => signal.aborted || this.#report(loaded, total);
      const moving = await MovingScene.opened(url, clock, { renderer: this.#scene.renderer, signal, onProgress });
      if (signal.aborted) return moving.dispose();
      this.#become("loading", { words: "Preparing the scene", share: null });
      moving.mesh.name = url;
      this.#moving = moving;
      this.#scene.setMesh(moving.mesh, { canThin: moving.canThin, beside: moving.most });
    });
  }

  clear() {
    this.#load.abort();
    this.#url = null;
    this.#moving?.dispose();
    this.#moving = null;
    this.#scene.plays = false;
    this.film?.dispose();
    this.film = null;
    this.#frames = null;
    this.shown = null;
    this.#scene.clear();
    this.#become("empty", null);
  }

  /** Before each picture. */
  tick(dt) {
    if (this.#moving) this.#tickMoving(dt);
    if (!this.film) return;
    const { clock } = this.film;
    const played = clock.playing;
    if (this.film.tick(dt) || played !== clock.playing) this.#onChange();
  }

  /** After each picture: see what has come into sight. */
  look() {
    if (this.film) this.#lookAtFilm();
    else if (this.#moving) this.#lookAtMoving();
    else if (this.state === "loading" && this.#scene.isDrawn) this.#lookAtFile(this.#scene.meshName);
  }

  async #decode(url, signal) {
    const bytes = await fetchBytes(url, { signal, onProgress: (loaded, total) => this.#report(loaded, total) });
    this.#become("loading", { words: "Preparing the scene", share: null });
    const mesh = await this.#splats.decodeScene(bytes, this.#splats.fileNameOf(url), { isWeak: this.#scene.isWeak, isWhole: isWhole(url) });
    if (signal.aborted) mesh.dispose();
    signal.throwIfAborted();
    mesh.name = url;
    return mesh;
  }

  async #decodeFrame(url, index, signal) {
    const first = this.shown === null && index === this.film.clock.frame;
    const onProgress = first ? (loaded, total) => this.#report(loaded, total) : undefined;
    const bytes = await fetchBytes(url, { signal, onProgress });
    const frame = await this.#splats.decodeFrame(bytes, this.#splats.fileNameOf(url));
    return Object.assign(frame, { bytes: frame.packedArray.byteLength });
  }

  #showFrame(frame) {
    if (this.#frames) {
      this.#frames.show(frame);
      this.#scene.markChanged();
      return;
    }
    this.#frames = new this.#splats.FrameMesh(frame);
    this.#scene.setMesh(this.#frames.mesh);
  }

  #tickMoving(dt) {
    const { clock } = this.#moving;
    const { playing } = clock;
    if (this.#moving.tick(dt, this.#scene)) this.#scene.markChanged();
    this.#scene.plays = clock.playing && dt > 0;
    if (clock.playing !== playing) this.#onChange();
  }

  #lookAtMoving() {
    const moving = this.#moving;
    if (!this.#scene.isDrawn) return;
    moving.drawn(this.#scene.spark);
    if (this.shown?.time !== moving.shownTime) {
      this.shown = { url: this.#url, frame: null, time: moving.shownTime };
      this.#onChange();
    }
    if (moving.error) return this.#movingFailed();
    const late = moving.waited > PATIENCE_S;
    const isSeen = moving.shownTime !== null && (moving.clock.playing ? !late : moving.shownTime === moving.clock.time && this.#scene.settled);
    this.#become(isSeen ? "ready" : "loading", late ? { words: "Loading what moves", share: null } : null);
  }

  #movingFailed() {
    const words = `What moves cannot be shown: ${this.#moving.error.message}.`;
    if (this.fault?.words === words) return;
    this.#fail(words, () => {
      this.#become("loading", { words: "Loading what moves", share: null });
      this.#moving.retry();
    });
  }

  #lookAtFile(name) {
    if (name === null) return;
    const isNew = name !== this.shown?.url;
    if (isNew) this.shown = { url: name, frame: null };
    if (name === this.#url) this.#become("ready", null);
    else if (isNew) this.#onChange();
  }

  #lookAtFilm() {
    const { film } = this;
    if (film.shown >= 0 && film.shown !== this.shown?.frame && this.#scene.isDrawn) {
      this.shown = { url: film.urlOf(film.shown), frame: film.shown };
      this.#onChange();
    }
    if (!film.clock.count) return;
    if (film.error) return this.#filmFailed();
    const there = this.shown?.frame === film.clock.frame && this.#scene.settled;
    const late = film.waited > PATIENCE_S;
    if (this.shown && (there || (film.clock.playing && !late))) this.#become("ready", null);
    else if (this.shown) this.#become("loading", late ? { words: `Loading frame ${film.clock.frame + 1}`, share: null } : null);
  }

  #filmFailed() {
    const { index, error } = this.film.error;
    const words = `Frame ${index + 1} cannot be shown: ${error.message}.`;
    if (this.fault?.words === words) return;
    this.#fail(words, () => {
      this.#become("loading", { words: `Loading frame ${index + 1}`, share: null });
      this.film.retry();
    });
  }

  #again(show) {
    this.#url = null;
    show();
  }

  #report(loaded, total) {
    this.#become("loading", { words: `Loading ${inMegabytes(loaded, total)}`, share: total ? loaded / total : null });
  }

  #fail(words, again) {
    this.state = "error";
    this.progress = null;
    this.fault = { words, again };
    this.#onChange();
  }

  #become(state, progress) {
    const same = this.state === state && this.progress?.words === progress?.words && this.progress?.share === progress?.share;
    this.state = state;
    this.progress = progress;
    this.fault = null;
    if (!same) this.#onChange();
  }
}
