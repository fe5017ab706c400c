// Directions as unit vectors in the frame of files (x right, y down, z forward), and as [yaw, pitch] in degrees, which are right and up.

const RADIAN = Math.PI / 180;

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const sum = (a, b, share = 1) => a.map((value, k) => value + share * b[k]);
export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const unit = (a) => a.map((value) => value / Math.max(Math.hypot(...a), 1e-9));

export function vectorOf([yaw, pitch]) {
  const level = Math.cos(pitch * RADIAN);
  return [Math.sin(yaw * RADIAN) * level, -Math.sin(pitch * RADIAN), Math.cos(yaw * RADIAN) * level];
}

export const degreesOf = ([x, y, z]) => [Math.atan2(x, z) / RADIAN, Math.asin(Math.max(-1, Math.min(1, -y))) / RADIAN];

/** The angle between two directions in degrees. */
export const angleBetween = (a, b) => Math.acos(Math.max(-1, Math.min(1, dot(a, b)))) / RADIAN;

/** Directions from `a` to `b`, `step` degrees apart at most, without `a`. */
export function between(a, b, step) {
  const count = Math.max(1, Math.ceil(angleBetween(a, b) / step));
  return Array.from({ length: count }, (_, k) => unit(sum(a, sum(b, a, -1), (k + 1) / count)));
}

/** The middle of directions. */
export const middleOf = (all) => unit(all.reduce((so, one) => sum(so, one), [0, 0, 0]));

/** Where an arrow from `a` to `b` points on the ground, or on a ceiling: 0 ahead, 90 to the right. */
export function groundHeading(a, b) {
  const meet = a[1] * b[1] > 0 && Math.min(Math.abs(a[1]), Math.abs(b[1])) > 0.03; // farther out a level plane is too far away
  const [from, to] = meet ? [a, b].map((one) => one.map((value) => value / Math.abs(one[1]))) : [a, b];
  return Math.atan2(to[0] - from[0], to[2] - from[2]) / RADIAN;
}

/** Where an arrow points in the picture around `middle`, to which it is carried along a great circle: 0 right, 90 up. */
export function pictureHeading(a, b, middle) {
  const along = sum(sum(b, a, -1), a, 1 - dot(a, b));
  const carried = sum(along, sum(a, middle), -dot(along, middle) / Math.max(1 + dot(a, middle), 1e-3));
  const azimuth = Math.atan2(middle[0], middle[2]);
  const right = [Math.cos(azimuth), 0, -Math.sin(azimuth)];
  const up = cross(right, middle);
  return Math.atan2(dot(carried, up), dot(carried, right)) / RADIAN;
}
