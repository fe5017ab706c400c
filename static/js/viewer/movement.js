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
const STAY = { x: 0, z: 0 };

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

/** Walk or fly: the place stays, and walking returns to eye height. */
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

/**
 * Brake on the way out; the way in is always free, also for those who come back from flying. Whoever walks against the border stops
 * there and is not led aside; a way along it is led on inside.
 */
function confine(from, ahead, dt, limitAt) {
  const limit = (place) => limitAt(Math.atan2(place.x, -place.z));
  const outside = Math.max(0, away(from) - limit(from));
  const most = (place) => limit(place) + outside;
  const reach = (place) => eased(away(from), most(place), dt);
  const to = sum(from, ahead);
  if (away(to) <= reach(to)) return { ...ahead, braked: false, stopped: false };
  const taken = leadsAway(from, ahead) ? straight(from, ahead, reach(to), most) : around(from, ahead, reach);
  return { ...taken, braked: true, stopped: dot(taken, ahead) < 0.25 * dot(ahead, ahead) };
}

const away = (place) => Math.hypot(place.x, place.z);
const dot = (a, b) => a.x * b.x + a.z * b.z;
const sum = (a, b) => ({ x: a.x + b.x, z: a.z + b.z });
const scaled = (a, factor) => ({ x: a.x * factor, z: a.z * factor });

/** Whether a step leads away from the capture point rather than round it. */
const leadsAway = (from, step) => dot(from, step) >= Math.abs(from.x * step.z - from.z * step.x);

/** How far from the capture point a step may end that begins at `radius` and must not pass `most`. */
const eased = (radius, most, dt) => (most > radius ? radius + (most - radius) * (1 - Math.exp(-BRAKE_PER_S * dt)) : most);

/** The first part of a step that would end beyond `reach`. */
function straight(from, step, reach, most) {
  const growth = away(sum(from, step)) - away(from);
  const taken = scaled(step, Math.max(0, reach - away(from)) / Math.max(1e-12, growth));
  const place = sum(from, taken);
  return away(place) <= most(place) ? taken : STAY;
}

/** A step that is brought back towards the capture point. */
function around(from, step, reach) {
  const inside = (whole) => {
    const to = sum(from, whole);
    return sum(scaled(to, Math.min(1, reach(to) / away(to))), scaled(from, -1));
  };
  const once = inside(step);
  const taken = inside(scaled(step, Math.min(1, away(step) / away(once)))); // a visitor is never carried faster than they walk
  return dot(taken, step) > 0 ? taken : STAY; // nor against their will
}
