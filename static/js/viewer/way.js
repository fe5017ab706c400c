// The way to a place that somebody has pointed at: quick at first, slower towards its end. Pure arithmetic.

const FAST = 4; // times as fast as walking
const SLOWING_PER_S = 2.5;
const THERE_M = 0.02;
const PATIENCE_S = 0.5;
const BEFORE_M = 0.6; // as near as one comes to what is pointed at and cannot be stood on
const LEVEL_M = 0.4; // what lies this little above or below one's feet is stood on
const KNEE_M = 0.8; // m below the eye, where nobody knows where the ground is

/** The pose, on its way to a point: onto it where it is ground, else before it; at once where that is calmer. */
export function sentTo(pose, point, collider) {
  if (pose.mode === "orbit") return { ...pose, goal: { ...pose.goal, pivot: { ...point } } };
  const apart = { x: point.x - pose.x, y: pose.mode === "walk" ? 0 : point.y - pose.y, z: point.z - pose.z };
  const length = Math.hypot(apart.x, apart.y, apart.z);
  const isGround = pose.mode === "walk" && (collider ? isStoodOn(point, collider) : point.y < pose.y - KNEE_M);
  const share = isGround ? 1 : Math.max(0, length - BEFORE_M) / Math.max(1e-9, length);
  const to = { x: pose.x + apart.x * share, y: pose.y + apart.y * share, z: pose.z + apart.z * share };
  return { ...pose, way: { ...to, stuck: 0 } };
}

function isStoodOn(point, collider) {
  const ground = collider.groundAt(point.x, point.z, point.y + LEVEL_M);
  return ground !== null && ground > point.y - LEVEL_M;
}

/** The velocity that leads on. */
export function wayOn(pose, dt, { speed, isCalm }) {
  const to = rest(pose);
  const length = Math.hypot(to.x, to.y, to.z);
  const slowing = isCalm ? 1 : 1 - Math.exp(-SLOWING_PER_S * dt);
  const most = isCalm ? Infinity : FAST * speed;
  const factor = Math.min(most / Math.max(1e-9, length), slowing / Math.max(1e-9, dt));
  return { x: to.x * factor, y: to.y * factor, z: to.z * factor };
}

/** The way after a step: over where it ends, and where walls or the walking range have not let anybody on for a while. */
export function wayAfter(pose, before, dt) {
  const [left, leftBefore] = [rest(pose), rest(before)].map(({ x, y, z }) => Math.hypot(x, y, z));
  if (left < THERE_M) return null;
  const stuck = leftBefore - left < 0.02 * dt ? pose.way.stuck + dt : 0;
  return stuck > PATIENCE_S ? null : { ...pose.way, stuck };
}

const rest = ({ x, y, z, mode, way }) => ({ x: way.x - x, y: mode === "walk" ? 0 : way.y - y, z: way.z - z });
