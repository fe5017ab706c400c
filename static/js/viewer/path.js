// A smooth way of the camera through key views. Pure arithmetic, and the same as spag4d/render/camera_path.py, which draws the film:
// metres in the frame of files (x right, y down, z forward). A path is { views: [{ position, look_at, vertical_fov_deg }], loop }.

const VERTICAL_FOV_DEG = 60;
const SPEED_M_S = 0.5;
const TURN_DEG_S = 30;
const SHORTEST_S = 1;

/** How long the camera takes for its way, in seconds. */
export const durationOf = (path) => wayThrough(path).times.at(-1);

/** The view after `share` of the way, 0-1. */
export function alongPath(path, share) {
  const way = wayThrough(path);
  const time = Math.min(Math.max(share, 0), 1) * way.times.at(-1);
  const position = at(way, time, way.places, along);
  const ahead = at(way, time, way.aheads, around);
  return { position, look_at: added(position, ahead), vertical_fov_deg: at(way, time, way.fovs, along)[0] };
}

function wayThrough({ views, loop }) {
  const all = loop && views.length > 1 ? [...views, views[0]] : views;
  const places = all.map((view) => view.position);
  const aheads = all.map((view) => unit(taken(view.look_at, view.position)));
  return { places, aheads, fovs: all.map((view) => [view.vertical_fov_deg ?? VERTICAL_FOV_DEG]), times: naturalTimes(places, aheads), loop };
}

function naturalTimes(places, aheads) {
  const times = [0];
  for (let k = 1; k < places.length; k++) {
    const walk = length(taken(places[k], places[k - 1])) / SPEED_M_S;
    const turn = (angle(aheads[k - 1], aheads[k]) * 180) / Math.PI / TURN_DEG_S;
    times.push(times[k - 1] + Math.max(walk, turn, SHORTEST_S));
  }
  return times;
}

/** A value at a time: Catmull-Rom with uneven knots, as the pyramid of Barry and Goldman. */
function at(way, time, values, mix) {
  const last = values.length - 1;
  if (last === 0) return values[0];
  const stretch = Math.min(Math.max(way.times.filter((one) => one <= time).length - 1, 0), last - 1);
  const around = [-1, 0, 1, 2].map((step) => knot(way, stretch + step, values, mix));
  const knots = around.map(([one]) => one);
  let level = around.map(([, value]) => value);
  for (const width of [1, 2]) {
    level = level.slice(1).map((value, i) => mix(level[i], value, (time - knots[i]) / (knots[i + width] - knots[i])));
  }
  return mix(level[0], level[1], (time - knots[1]) / (knots[2] - knots[1]));
}

/** Time and value of a view; before the first and after the last a loop goes on, and other ways go straight on. */
function knot({ times, loop }, number, values, mix) {
  const last = values.length - 1;
  if (number >= 0 && number <= last) return [times[number], values[number]];
  const [end, inner] = number < 0 ? [0, 1] : [last, last - 1];
  if (loop && last > 1) {
    const step = number < 0 ? times[last] - times[last - 1] : times[0] - times[1];
    return [times[end] - step, values[number < 0 ? last - 1 : 1]];
  }
  return [2 * times[end] - times[inner], mix(values[end], values[inner], -1)];
}

const along = (a, b, share) => a.map((value, k) => value + share * (b[k] - value));
const added = (a, b) => a.map((value, k) => value + b[k]);
const taken = (a, b) => a.map((value, k) => value - b[k]);
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const length = (a) => Math.hypot(...a);
const angle = (a, b) => Math.atan2(length(cross(a, b)), dot(a, b));

function unit(a) {
  const size = length(a);
  return a.map((value) => value / size);
}

/** The unit vector `share` of the way from `a` to `b`, also beyond; between opposite ones on the level. */
function around(a, b, share) {
  let axis = cross(a, b);
  if (length(axis) < 1e-9) axis = Math.abs(a[1]) < 0.999 ? [-a[1] * a[0], 1 - a[1] * a[1], -a[1] * a[2]] : [1, 0, 0];
  axis = unit(axis);
  const turn = share * angle(a, b);
  const aside = cross(axis, a);
  return a.map((value, k) => value * Math.cos(turn) + aside[k] * Math.sin(turn));
}
