// A scene that moves, opened and played: what stands is read first and stays, what moves comes before its time.

import { fileAt } from "./bytes.js";
import { FourdgsFile } from "./file.js";
import { LEAD_S, MovingMesh, stillMesh, turnOf } from "./moving_mesh.js";
import { Order } from "./order.js";
import { mostAtOnce, Residents } from "./residents.js";

const MOVING_MOST = 1 << 21; // Gaussians that move in memory at a time: 48 bytes each on the graphics card, 100 MB
const STEP_MOST_S = 0.1; // from one picture to the next: where drawing is slow, the scene plays slowly

/** What a scene shows of a file at the moment at which a `MovingClock` stands. */
export class MovingScene {
  shownTime = null; // of the newest picture
  #duration;
  #moving = null;
  #residents = null;
  #order = new Order();
  #setTime = null;
  #arrived = false;
  #waited = 0;
  #passed = 0; // since the last picture

  /** @param parts `mesh` to be put into the scene, `moving` the mesh of what moves (or null), `residents` likewise */
  constructor(clock, { mesh, moving, residents, duration, most, canThin }) {
    Object.assign(this, { clock, mesh, most, canThin });
    this.#moving = moving;
    this.#residents = residents;
    this.#duration = duration;
  }

  /**
   * Open a file, and read what stands.
   * @param options `renderer` of three.js, `signal`, `onProgress(loaded, total)` in bytes
   */
  static async opened(url, clock, { renderer, signal, onProgress }) {
    const file = await FourdgsFile.opened(await fileAt(url, signal), signal);
    const isLasting = ({ first, last }) => first <= 0 && last >= file.duration;
    const [lasting, passing] = [file.chunks.filter(isLasting), file.chunks.filter((chunk) => !isLasting(chunk))];
    const sets = await readAll(file, lasting, { signal, onProgress });
    const still = sets.map((set) => chosen(set, (i) => stands(set, i, file.duration))).filter(({ count }) => count);
    const apart = sets.map((set) => chosen(set, (i) => !stands(set, i, file.duration))).filter(({ count }) => count);
    const steady = apart.reduce((sum, { count }) => sum + count, 0);
    const most = steady + mostAtOnce(passing);
    if (most > MOVING_MOST) throw new Error(`${most} of its Gaussians move at one time, and ${MOVING_MOST} can be shown`);
    const room = Math.min(MOVING_MOST - steady, passing.reduce((sum, { count }) => sum + count, 0));
    const parts = { duration: file.duration, most, canThin: still.length > 0, moving: null, residents: null };
    if (steady + room) parts.moving = new MovingMesh(renderer, steady + room, file);
    for (const [at, set] of apart.entries()) parts.moving.put(set, [{ start: startOf(apart, at), count: set.count }]);
    const scene = new MovingScene(clock, { ...parts, mesh: await joined(still, parts.moving, file.axes) });
    if (passing.length) scene.#follow(file, passing, room, steady);
    clock.duration = file.duration;
    return scene;
  }

  #follow(file, chunks, room, from) {
    this.#residents = new Residents({
      chunks, duration: file.duration, room,
      read: (chunk, signal) => file.read(chunk, signal),
      put: (set, stretches) => this.#moving.put(set, stretches.map(({ start, count }) => ({ start: from + start, count }))),
      onArrival: () => (this.#arrived = true),
    });
    this.#residents.want(this.clock.time);
  }

  /** Whether what lives at the clock's time is in memory. */
  get isThere() {
    return this.#isThere(this.clock.time);
  }

  /** Why it cannot be, or null. */
  get error() {
    return this.#residents?.errorAt(this.clock.time) ?? null;
  }

  /** For how many seconds it has not been there. */
  get waited() {
    return this.#waited;
  }

  retry() {
    this.#residents?.retry();
  }

  /** Before each picture: go on by `dt` seconds, if the `Scene` has drawn the one before. Returns whether the picture changes. */
  tick(dt, { isDrawn, spark }) {
    const { clock } = this;
    this.#order.follow(spark, this.#setTime);
    this.#passed += dt;
    if (isDrawn) this.#advance();
    this.#waited = this.isThere ? 0 : this.#waited + dt;
    if (clock.time === this.#setTime && !this.#arrived) return false;
    this.#arrived = false;
    this.#residents?.want(clock.time);
    if (!this.isThere) return false;
    this.#setTime = clock.time;
    this.#moving?.setTime(clock.time);
    return this.#moving !== null || this.shownTime !== clock.time;
  }

  #advance() {
    const step = Math.min(this.#passed, STEP_MOST_S / this.clock.speed);
    this.#passed = 0;
    this.clock.advance(step, (time) => this.#isThere(time) && this.#order.isWithin(LEAD_S, time, this.#duration));
  }

  /** After each picture. */
  drawn(spark) {
    this.shownTime = this.#setTime;
    this.#order.follow(spark, this.#setTime);
  }

  dispose() {
    this.#residents?.dispose();
    this.mesh.traverse((part) => part.dispose?.());
  }

  #isThere(time) {
    return this.#residents?.isThere(time) ?? true;
  }
}

async function readAll(file, chunks, { signal, onProgress }) {
  const total = chunks.reduce((sum, { size }) => sum + size, 0);
  const sets = [];
  let loaded = 0;
  for (const chunk of chunks) {
    sets.push(await file.read(chunk, signal));
    onProgress((loaded += chunk.size), total);
  }
  return sets;
}

/** Whether a Gaussian is the same at all times. */
function stands({ velocities, sigmas, windows }, i, duration) {
  const rests = velocities[3 * i] === 0 && velocities[3 * i + 1] === 0 && velocities[3 * i + 2] === 0;
  return rests && sigmas[i] === Infinity && windows[2 * i] <= 0 && windows[2 * i + 1] >= duration;
}

const WIDTHS = { means: 3, scales: 3, quats: 4, opacities: 1, colors: 3, velocities: 3, centers: 1, sigmas: 1, windows: 2 };

/** The Gaussians of a set for which `isOne(i)`. */
function chosen(set, isOne) {
  const members = [];
  for (let i = 0; i < set.count; i++) if (isOne(i)) members.push(i);
  if (members.length === set.count) return set;
  const found = { count: members.length };
  for (const [name, width] of Object.entries(WIDTHS)) {
    const values = (found[name] = new set[name].constructor(width * members.length));
    members.forEach((member, at) => {
      for (let k = 0; k < width; k++) values[width * at + k] = set[name][width * member + k];
    });
  }
  return found;
}

const startOf = (sets, at) => sets.slice(0, at).reduce((sum, { count }) => sum + count, 0);

/** One mesh for the scene: what stands, with what moves within it. */
async function joined(still, moving, axes) {
  const mesh = still.length ? await stillMesh(still) : moving;
  if (moving && mesh !== moving) mesh.add(moving);
  mesh.quaternion.copy(turnOf(axes));
  return mesh;
}
