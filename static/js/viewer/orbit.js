// Orbiting: the camera goes around a point, nearer and farther. Pure arithmetic.

const TURN = -2.4; // half a turn for a drag over the height of the picture, the near side following the pointer
const NEAREST_M = 0.1;
const FARTHEST_M = 100;
const NEARER_PER_S = 1.2;

/** The pose after `dt` seconds around its pivot; see `step` in movement.js. */
export function orbited(next, intent, dt, { part, speed, clampPitch, look }) {
  const { goal } = next;
  goal.heading += intent.pan.heading * TURN - intent.turn * dt;
  goal.pitch = clampPitch(goal.pitch + intent.pan.pitch * TURN - intent.tilt * dt);
  const farther = intent.zoom * Math.exp(-NEARER_PER_S * intent.forward * dt);
  goal.distance = Math.min(FARTHEST_M, Math.max(NEAREST_M, goal.distance * farther));
  goal.pivot = shiftedPivot(goal.pivot, next, intent, speed * dt);
  const share = part(look);
  for (const name of ["heading", "pitch", "distance"]) next[name] += (goal[name] - next[name]) * share;
  const eased = (axis) => next.pivot[axis] + (goal.pivot[axis] - next.pivot[axis]) * share;
  next.pivot = { x: eased("x"), y: eased("y"), z: eased("z") };
  const flat = Math.cos(next.pitch) * next.distance;
  next.x = next.pivot.x - Math.sin(next.heading) * flat;
  next.y = next.pivot.y - Math.sin(next.pitch) * next.distance;
  next.z = next.pivot.z + Math.cos(next.heading) * flat;
  return next;
}

/** The pivot, moved as the picture is: aside by keys and fingers, upwards with it. */
function shiftedPivot(pivot, { heading }, { right, up, shift }, step) {
  const aside = right * step + shift.right;
  return { x: pivot.x + Math.cos(heading) * aside, y: pivot.y + up * step + shift.forward, z: pivot.z + Math.sin(heading) * aside };
}
