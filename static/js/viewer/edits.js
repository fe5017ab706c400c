// Which Gaussians a list of edits leaves. Pure arithmetic, the same rules as spag4d/splat/edits.py, which makes the new version:
// metres in the frame of files (x right, y down, z forward), centres one after the other, layers by their counts in the file's order.

/**
 * What is left: 1 or 0 for each Gaussian.
 * @param centers Float32Array of x, y, z
 * @param layers counts by name in the order of the file; empty where it names none
 */
export function leftBy(edits, centers, layers) {
  const left = new Uint8Array(centers.length / 3).fill(1);
  for (const edit of edits) RULES[edit.edit]?.(edit, centers, left, layers);
  return left;
}

/** The angles and the reach of a stroke of the eraser at one place: how far away the surface is that a ray meets, or null. */
export function depthAlong(centers, left, weights, eye, ray, radius_deg) {
  const found = [];
  inCone(eye, ray, radius_deg, centers, (i, square) => {
    if (left[i] && weights[i] >= FAINT && square > NEAREST_M ** 2) found.push(Math.sqrt(square));
  });
  if (!found.length) return null;
  found.sort((a, b) => a - b);
  return found[Math.min(found.length - 1, Math.floor(found.length * FIRST))];
}

/** Erase what one more ray of a stroke reaches, as its rule says; `onGone(i)` hears of each that is. */
export function eraseAlong({ eye_m, radius_deg }, [x, y, z, far], centers, left, onGone) {
  inCone(eye_m, [x, y, z], radius_deg, centers, (i, square) => {
    if (!left[i] || square > far * far) return;
    left[i] = 0;
    onGone(i);
  });
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

const RULES = {
  crop_box: ({ low_m, high_m }, centers, left) => keep(centers, left, (x, y, z) =>
    x >= low_m[0] && x <= high_m[0] && y >= low_m[1] && y <= high_m[1] && z >= low_m[2] && z <= high_m[2]),
  crop_sphere: ({ centre_m: [a, b, c], radius_m }, centers, left) => keep(centers, left, (x, y, z) =>
    (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 <= radius_m ** 2),
  erase: (stroke, centers, left) => {
    for (const ray of stroke.rays) eraseAlong(stroke, ray, centers, left, () => {});
  },
  hide: ({ layers: hidden }, centers, left, layers) => {
    let start = 0;
    for (const [name, count] of Object.entries(layers)) {
      if (hidden.includes(name)) left.fill(0, start, start + count);
      start += count;
    }
  },
};

function keep(centers, left, isInside) {
  for (let i = 0, k = 0; i < left.length; i++, k += 3) {
    if (left[i] && !isInside(centers[k], centers[k + 1], centers[k + 2])) left[i] = 0;
  }
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
