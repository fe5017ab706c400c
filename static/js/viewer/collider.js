// What stops a visitor who walks, and what carries one: walls are slid along, stairs climbed, holes crossed. Pure arithmetic in
// metres, in the frame of three.js, the capture point in the origin.

import { Columns, heightAt, levelness, nearestBetween } from "./triangles.js";

const RADIUS_M = 0.2; // of a visitor: doors are passed easily
const STEP_M = 0.35; // as high as people step up or down without climbing
const TALL_M = 1.7; // of a visitor, however high above the ground a camera flew
const OVER_EYE_M = 0.1;
const EYE_UNKNOWN_M = 1.6;
const WALKABLE = 0.7; // levelness: up to 45°
const PUSHES = 4; // in corners two walls push, and each a second time
const AROUND = [[0, 0], [0.3, 0], [-0.3, 0], [0, 0.3], [0, -0.3]]; // m: a tripod's foot is no ground

/** The surfaces of a scene. */
export class Collider {
  #columns;

  /** @param corners nine numbers for each triangle; what stands where the camera stood is left out, or it would hold the visitor */
  constructor(corners) {
    this.#columns = new Columns(corners);
    this.eye = this.#eyeAtHome();
    const stands = new Set(this.#wallsWithin({ x: 0, z: 0, feet: -this.eye }, RADIUS_M));
    if (stands.size) this.#columns = new Columns(corners.filter((_, at) => !stands.has(at - (at % 9))));
  }

  /** The height of the ground that is highest below `top` at a place, or null. */
  groundAt(x, z, top) {
    const { corners } = this.#columns;
    let found = null;
    for (const at of this.#columns.near(x, z, 0)) {
      const height = heightAt(corners, at, x, z);
      if (height !== null && height <= top && (found === null || height > found) && levelness(corners, at) >= WALKABLE) found = height;
    }
    return found;
  }

  /** Go a step as far as walls allow, up and down with the ground; from `body` x, z and feet in m. Returns where that leads. */
  walk(body, step) {
    const parts = Math.ceil(Math.hypot(step.x, step.z) / (RADIUS_M / 2));
    const part = { x: step.x / parts, z: step.z / parts };
    for (let i = 0; i < parts; i++) body = this.#grounded(this.#slid(body, part));
    return body;
  }

  /** Where there is no ground within a step up or down one stays on the level: nobody knows what is there. */
  #grounded({ x, z, feet }) {
    const ground = this.groundAt(x, z, feet + STEP_M);
    return { x, z, feet: ground !== null && ground >= feet - STEP_M ? ground : feet };
  }

  /** A short step that no wall comes nearer by than the visitor's radius, or than it was. */
  #slid(body, step) {
    let to = { ...body, x: body.x + step.x, z: body.z + step.z };
    let wall = this.#nearestWall(to);
    for (let i = 0; i < PUSHES && wall && wall.distance > 0; i++) {
      const away = RADIUS_M / wall.distance;
      to = shortened(body, { ...to, x: wall.x + (to.x - wall.x) * away, z: wall.z + (to.z - wall.z) * away }, Math.hypot(step.x, step.z));
      wall = this.#nearestWall(to);
    }
    if (!wall) return to;
    return wall.distance >= (this.#nearestWall(body)?.distance ?? RADIUS_M) - 1e-6 ? to : body;
  }

  /** The nearest point of a wall within the visitor's radius, or null. */
  #nearestWall(body) {
    let best = null;
    for (const { point } of this.#walls(body, RADIUS_M - 1e-9)) if (!best || point.distance < best.distance) best = point;
    return best;
  }

  *#walls({ x, z, feet }, radius) {
    const eye = feet + this.eye;
    const low = Math.max(feet + STEP_M, eye - TALL_M);
    for (const at of this.#columns.near(x, z, radius)) {
      const point = nearestBetween(this.#columns.corners, at, { low, high: eye + OVER_EYE_M }, { x, z }, radius);
      if (point) yield { at, point };
    }
  }

  *#wallsWithin(body, radius) {
    for (const { at } of this.#walls(body, radius)) yield at;
  }

  #eyeAtHome() {
    const heights = AROUND.map(([x, z]) => this.groundAt(x, z, 0)).filter((height) => height !== null);
    return heights.length ? -heights.sort((a, b) => a - b)[Math.trunc(heights.length / 2)] : EYE_UNKNOWN_M;
  }
}

/** A place no farther than `most` from where one was. */
function shortened(from, to, most) {
  const [x, z] = [to.x - from.x, to.z - from.z];
  const factor = Math.min(1, most / Math.max(1e-12, Math.hypot(x, z)));
  return { ...to, x: from.x + x * factor, z: from.z + z * factor };
}
