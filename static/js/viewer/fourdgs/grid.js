// Moving Gaussians of the whole numbers of a .4dgs file; as spag4d/formats/fourdgs_grid.py, where the grids are explained.

import { CENTER, COLOR, FLAGS, LARGEST, OPACITY, POSITION, ROTATION, SCALE, SIGMA, VELOCITY, WINDOW } from "./streams.js";

// By the draft: half lives of the velocity grid in seconds, its range of powers of two, and that of a fade's middle and its share.
const LIFE_S = 0.5;
const SHORTEST_S = 0.02;
const LONGEST_S = 2;
const CLASSES = [-4, 2];
const FINEST_CENTER = -10;
const SIGMA_SHARE = 0.05;

const clip = (value, low, high) => Math.min(high, Math.max(low, value));

/**
 * The Gaussians of a chunk, in the file's axes: flat arrays, quaternions as x, y, z, w.
 * `sigmas` are infinite where a Gaussian does not fade; `windows` are the first and the last second of each.
 */
export function gaussiansOf(bins, count, { steps, windows, header }) {
  const of = (width) => new Float32Array(width * count);
  const parts = { means: of(3), scales: of(3), quats: of(4), opacities: of(1), colors: of(3), velocities: of(3) };
  const times = { centers: new Float64Array(count), sigmas: new Float64Array(count), windows: new Float64Array(2 * count) };
  const found = { count, ...parts, ...times };
  for (let i = 0; i < 3 * count; i++) {
    found.means[i] = bins[POSITION][i] * steps.position + steps.origin[i % 3];
    found.scales[i] = Math.exp(bins[SCALE][i] * steps.logScale);
  }
  const reach = Math.sqrt(-2 * Math.log(header.cutoff));
  for (let i = 0; i < count; i++) {
    setQuat(found.quats, 4 * i, bins[LARGEST][i], bins[ROTATION], 3 * i, steps.rotation);
    setColor(found.colors, 3 * i, bins[COLOR], steps.color);
    found.opacities[i] = clip(bins[OPACITY][i] * steps.opacity, 0, 1);
    setTimes(found, i, bins, { steps, windows, reach });
  }
  return found;
}

/** The largest component is what the others leave of the length. */
function setQuat(quats, at, largest, bins, from, step) {
  if (!(largest >= 0 && largest <= 3)) throw new Error("the file is damaged: a rotation has no component of that number");
  let square = 0;
  for (let k = 0, next = from; k < 4; k++) {
    if (k === largest) continue;
    quats[at + k] = clip(bins[next++] * step, -1, 1);
    square += quats[at + k] ** 2;
  }
  quats[at + largest] = Math.sqrt(Math.max(1 - square, 0));
  if (square > 1) for (let k = at; k < at + 4; k++) quats[k] /= Math.sqrt(square);
}

function setColor(colors, at, bins, step) {
  const green = bins[at];
  colors[at] = clip((bins[at + 1] + green) * step, 0, 1);
  colors[at + 1] = clip(green * step, 0, 1);
  colors[at + 2] = clip((bins[at + 2] + green) * step, 0, 1);
}

function setTimes(found, i, bins, { steps, windows, reach }) {
  const window = windows[bins[WINDOW][i]];
  if (!window) throw new Error(`the file is damaged: a Gaussian has none of the ${windows.length} windows`);
  const lasts = bins[FLAGS][i] !== 0;
  const sigma = Math.exp(bins[SIGMA][i] * steps.logSigma);
  const half = clip((lasts ? window[1] - window[0] : reach * sigma) || SHORTEST_S, SHORTEST_S, LONGEST_S);
  const speed = steps.velocity * 2 ** -clip(Math.ceil(Math.log2(half / LIFE_S)), ...CLASSES);
  for (let k = 3 * i; k < 3 * i + 3; k++) found.velocities[k] = bins[VELOCITY][k] * speed;
  const finest = lasts ? steps.time : Math.min(steps.time, SIGMA_SHARE * sigma);
  found.centers[i] = bins[CENTER][i] * steps.time * 2 ** clip(Math.floor(Math.log2(finest / steps.time)), FINEST_CENTER, 0);
  found.sigmas[i] = lasts ? Infinity : sigma;
  found.windows.set(window, 2 * i);
}
