// How a visitor moves: pure arithmetic, a pose and an intent in, the next pose out. Metres, seconds and radians in the frame of
// three.js (x right, y up, -z ahead at home). Everything eases exponentially, so the frame rate does not change where one arrives.

export const FOV_HOME = 75;
const FOV_MIN = 20;
const FOV_MAX = 100;
const PITCH_MAX = (89 * Math.PI) / 180;
const EASE_MOVE_S = 0.13;
const EASE_LOOK_S = 0.06;
const EASE_ZOOM_S = 0.08;
const BRAKE_PER_S = 5;
const FAST = 3;

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** The pose at the capture point, looking along the centre of the panorama. */
export function homePose(walking = true) {
  const look = { heading: 0, pitch: 0, fov: FOV_HOME };
  return { x: 0, y: 0, z: 0, vx: 0, vy: 0, vz: 0, ...look, goal: { ...look, y: 0 }, walking, stopped: false };
}

/** An intent that wants nothing. */
export function noIntent() {
  return { right: 0, up: 0, forward: 0, fast: false, turn: 0, tilt: 0, pan: { heading: 0, pitch: 0 }, shift: { right: 0, forward: 0 }, zoom: 1 };
}

/** What an intent wants where one can only turn and zoom. */
export function lookOnly(intent) {
  const { turn, tilt, pan, zoom } = intent;
  return { ...noIntent(), turn, tilt, pan, zoom };
}

/** Whether the pose would go on changing without any further intent. */
export function isMoving(pose) {
  const { goal } = pose;
  const looks = Math.abs(goal.heading - pose.heading) + Math.abs(goal.pitch - pose.pitch) > 1e-5 || Math.abs(goal.fov - pose.fov) > 0.01;
  return looks || Math.hypot(pose.vx, pose.vy, pose.vz) > 1e-3 || (pose.walking && Math.abs(goal.y - pose.y) > 1e-3);
}

/**
 * The pose after `dt` seconds.
 * @param world `speed` in m/s, `eyeRange` in m (how far Q and E take the eye while walking), `limitAt(azimuth)` in m or null
 * @param viewHeading where ahead is, if not where the pose looks (a headset turns by itself)
 */
export function step(pose, intent, dt, world, viewHeading = null) {
  const next = { ...pose, goal: { ...pose.goal }, stopped: false };
  look(next, intent, dt);
  const heading = viewHeading ?? next.heading;
  const pitch = pose.walking || viewHeading !== null ? 0 : next.pitch;
  travel(next, pose, wantedVelocity(intent, heading, pitch, world.speed, pose.walking), shifted(intent, heading), dt, world);
  if (pose.walking) {
    next.goal.y = clamp(pose.goal.y + intent.up * world.speed * 0.5 * dt, -world.eyeRange, world.eyeRange);
    next.y = pose.y + (next.goal.y - pose.y) * share(dt, EASE_MOVE_S);
    next.vy = 0;
  }
  return next;
}

/** Walk or fly: the place stays, and whoever walks comes back to the eye height. */
export function withWalking(pose, walking) {
  return { ...pose, walking, goal: { ...pose.goal, y: 0 } };
}

const share = (dt, ease) => 1 - Math.exp(-dt / ease);

function look(next, intent, dt) {
  const { goal } = next;
  const scale = next.fov / FOV_HOME;
  goal.heading += intent.pan.heading + intent.turn * scale * dt;
  goal.pitch = clamp(goal.pitch + intent.pan.pitch + intent.tilt * scale * dt, -PITCH_MAX, PITCH_MAX);
  goal.fov = clamp(goal.fov * intent.zoom, FOV_MIN, FOV_MAX);
  next.heading += (goal.heading - next.heading) * share(dt, EASE_LOOK_S);
  next.pitch += (goal.pitch - next.pitch) * share(dt, EASE_LOOK_S);
  next.fov += (goal.fov - next.fov) * share(dt, EASE_ZOOM_S);
}

function wantedVelocity(intent, heading, pitch, speed, walking) {
  const flat = Math.cos(pitch) * intent.forward;
  const x = Math.cos(heading) * intent.right + Math.sin(heading) * flat;
  const z = Math.sin(heading) * intent.right - Math.cos(heading) * flat;
  const y = walking ? 0 : intent.up + Math.sin(pitch) * intent.forward;
  const length = Math.max(1, Math.hypot(x, y, z));
  const factor = ((intent.fast ? FAST : 1) * speed) / length;
  return { x: x * factor, y: y * factor, z: z * factor };
}

function shifted({ shift }, heading) {
  return {
    x: Math.cos(heading) * shift.right + Math.sin(heading) * shift.forward,
    z: Math.sin(heading) * shift.right - Math.cos(heading) * shift.forward,
  };
}

function travel(next, pose, wanted, shift, dt, world) {
  const left = EASE_MOVE_S * share(dt, EASE_MOVE_S);
  const going = (velocity, goal) => goal * dt + (velocity - goal) * left;
  const ahead = { x: going(pose.vx, wanted.x) + shift.x, z: going(pose.vz, wanted.z) + shift.z };
  for (const axis of ["x", "y", "z"]) next[`v${axis}`] = wanted[axis] + (pose[`v${axis}`] - wanted[axis]) * (1 - share(dt, EASE_MOVE_S));
  if (!pose.walking) next.y = pose.y + going(pose.vy, wanted.y);
  const confined = pose.walking && world.limitAt ? confine(pose, ahead, dt, world.limitAt) : { ...ahead, stopped: false };
  next.x = pose.x + confined.x;
  next.z = pose.z + confined.z;
  if (confined.braked && dt > 0) {
    next.vx = confined.x / dt;
    next.vz = confined.z / dt;
  }
  next.stopped = confined.stopped && Math.hypot(wanted.x, wanted.z) + Math.hypot(shift.x, shift.z) > 0;
}

/** How far a place lies beyond the walking range; negative within it. */
function excess(x, z, limitAt) {
  return Math.hypot(x, z) - limitAt(Math.atan2(x, -z));
}

/** Brake on the way out, and slide along the border; the way in is always free, also for those who come back from flying. */
function confine(from, ahead, dt, limitAt) {
  const before = excess(from.x, from.z, limitAt);
  const growth = excess(from.x + ahead.x, from.z + ahead.z, limitAt) - before;
  const allowed = Math.max(0, -before) * (1 - Math.exp(-BRAKE_PER_S * dt));
  if (growth <= allowed) return { ...ahead, braked: false, stopped: false };
  const part = allowed / growth;
  const slide = along(from, { x: ahead.x * (1 - part), z: ahead.z * (1 - part) }, limitAt);
  const direct = { x: ahead.x * part, z: ahead.z * part };
  const taken = pulledIn(from, { x: direct.x + slide.x, z: direct.z + slide.z }, before + allowed, limitAt) ?? direct;
  const went = Math.hypot(taken.x, taken.z) / Math.max(1e-9, Math.hypot(ahead.x, ahead.z));
  return { ...taken, braked: true, stopped: went < 0.25 };
}

/** A step along a border that bends, brought back by what it would go beyond; null where that is more than the step itself. */
function pulledIn(from, step, most, limitAt) {
  const [x, z] = [from.x + step.x, from.z + step.z];
  const over = Math.max(0, excess(x, z, limitAt) - most);
  const radius = Math.hypot(x, z);
  if (over > Math.hypot(step.x, step.z) || over > radius) return null;
  const share = radius > 0 ? (radius - over) / radius : 1;
  return { x: x * share - from.x, z: z * share - from.z };
}

/** The part of a step that runs along the border. */
function along(from, rest, limitAt) {
  const d = 1e-3;
  const here = excess(from.x, from.z, limitAt);
  const nx = excess(from.x + d, from.z, limitAt) - here;
  const nz = excess(from.x, from.z + d, limitAt) - here;
  const length = Math.hypot(nx, nz);
  if (length === 0) return { x: 0, z: 0 };
  const out = Math.max(0, (rest.x * nx + rest.z * nz) / length);
  return { x: rest.x - (out * nx) / length, z: rest.z - (out * nz) / length };
}
