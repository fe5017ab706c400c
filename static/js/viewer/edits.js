// Which Gaussians a list of edits leaves. Pure arithmetic, the same rules as spag4d/splat/edits.py, which makes the new version:
// metres in the frame of files (x right, y down, z forward), centres one after the other, layers by their counts in the file's order.

const MASKS_MOST = 128; // steps that are undone at once: for 1.5 million Gaussians each takes 190 kB

/**
 * What edits leave of a scene. Each only takes away, so that it is enough to count by how many of them a Gaussian is taken, and what one has
 * taken is remembered as bits: a step back gives that back, and nothing is worked out again.
 */
export class Remains {
  #centers;
  #layers;
  #takers; // of each Gaussian: how many edits take it
  #masks = new Map(); // by edit, the newest last
  #edits = [];

  /**
   * @param centers Float32Array of x, y, z
   * @param layers counts by name in the order of the file; empty where it names none
   * @param onChange `(i, isLeft)` hears of each Gaussian that goes or comes back
   */
  constructor(centers, layers, onChange = () => {}) {
    this.#centers = centers;
    this.#layers = layers;
    this.#takers = new Uint16Array(centers.length / 3);
    this.count = this.#takers.length; // of those that are left
    this.onChange = onChange;
  }

  has(i) {
    return this.#takers[i] === 0;
  }

  /** Let these be the edits. */
  set(edits) {
    const [old, now] = [new Set(this.#edits), new Set(edits)];
    for (const edit of old) if (!now.has(edit)) this.#count(edit, -1);
    for (const edit of now) if (!old.has(edit)) this.#count(edit, 1);
    this.#edits = [...edits];
  }

  /** One more ray of a stroke, which is the last edit. */
  extend(stroke, ray) {
    if (this.#edits.at(-1) !== stroke) this.set([...this.#edits, stroke]);
    stroke.rays.push(ray);
    const mask = this.#maskOf(stroke);
    eraseAlong(stroke, ray, this.#centers, (i) => {
      if (!isIn(mask, i)) this.#change(i, 1);
      put(mask, i);
    });
  }

  /** How far away the surface is that a ray meets within `radius_deg`, or null; fainter Gaussians than `FAINT` by their `weights` are none. */
  depthAlong(weights, eye, ray, radius_deg) {
    const found = [];
    inCone(eye, ray, radius_deg, this.#centers, (i, square) => {
      if (this.has(i) && weights[i] >= FAINT && square > NEAREST_M ** 2) found.push(Math.sqrt(square));
    });
    if (!found.length) return null;
    found.sort((a, b) => a - b);
    return found[Math.min(found.length - 1, Math.floor(found.length * FIRST))];
  }

  #count(edit, by) {
    const mask = this.#maskOf(edit);
    for (let word = 0; word < mask.length; word++) {
      for (let bits = mask[word]; bits; bits &= bits - 1) this.#change(32 * word + 31 - Math.clz32(bits & -bits), by);
    }
  }

  #change(i, by) {
    const wasLeft = this.has(i);
    this.#takers[i] += by;
    if (wasLeft === this.has(i)) return;
    this.count += wasLeft ? -1 : 1;
    this.onChange(i, !wasLeft);
  }

  #maskOf(edit) {
    if (!this.#masks.has(edit)) {
      const mask = new Uint32Array(Math.ceil(this.#takers.length / 32));
      RULES[edit.edit]?.(edit, this.#centers, (i) => put(mask, i), this.#layers);
      this.#masks.set(edit, mask);
      if (this.#masks.size > MASKS_MOST) this.#masks.delete(this.#masks.keys().next().value);
    }
    return this.#masks.get(edit);
  }
}

const isIn = (mask, i) => (mask[i >>> 5] >>> (i & 31)) & 1;

function put(mask, i) {
  mask[i >>> 5] |= 1 << (i & 31);
}

/** Take what a ray of a stroke reaches. */
function eraseAlong({ eye_m, radius_deg }, [x, y, z, far], centers, take) {
  inCone(eye_m, [x, y, z], radius_deg, centers, (i, square) => square <= far * far && take(i));
}

/** Visit what lies within `radius_deg`, less than 90, of a unit vector as seen from `eye`, with the square of its distance. */
function inCone([a, b, c], [u, v, w], radius_deg, centers, visit) {
  const least = Math.cos((radius_deg * Math.PI) / 180) ** 2;
  for (let i = 0, k = 0; k < centers.length; i++, k += 3) {
    const x = centers[k] - a;
    const y = centers[k + 1] - b;
    const z = centers[k + 2] - c;
    const along = x * u + y * v + z * w;
    if (along < 0) continue;
    const square = x * x + y * y + z * z;
    if (along * along >= least * square) visit(i, square);
  }
}

const FAINT = 0.3; // of opacity: fainter Gaussians are no surface
const FIRST = 0.1; // share of what a ray meets that lies in front of the surface
const NEAREST_M = 0.02;

/** What each edit takes, by `take(i)`. */
const RULES = {
  crop_box: ({ low_m, high_m }, centers, take) => crop(centers, take, (x, y, z) =>
    x >= low_m[0] && x <= high_m[0] && y >= low_m[1] && y <= high_m[1] && z >= low_m[2] && z <= high_m[2]),
  crop_sphere: ({ centre_m: [a, b, c], radius_m }, centers, take) => crop(centers, take, (x, y, z) =>
    (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 <= radius_m ** 2),
  erase: (stroke, centers, take) => {
    for (const ray of stroke.rays) eraseAlong(stroke, ray, centers, take);
  },
  hide: ({ layers: hidden }, centers, take, layers) => {
    let start = 0;
    for (const [name, count] of Object.entries(layers)) {
      if (hidden.includes(name)) for (let i = start; i < start + count; i++) take(i);
      start += count;
    }
  },
};

function crop(centers, take, isInside) {
  for (let i = 0, k = 0; k < centers.length; i++, k += 3) if (!isInside(centers[k], centers[k + 1], centers[k + 2])) take(i);
}

/** The turn that brings the direction `up` to -y by the shortest way, as a quaternion x, y, z, w. */
export function upright(up) {
  const size = Math.hypot(...up);
  const [x, y, z] = up.map((value) => value / size);
  if (y > 1 - 1e-9) return [1, 0, 0, 0];
  const [ax, az, w] = [z, -x, 1 - y]; // up × (0, -1, 0), and 1 + the cosine
  const length = Math.hypot(ax, az, w);
  return [ax / length, 0, az / length, w / length];
}
