// How a visitor moves: pure arithmetic, a pose and an intent in, the next pose out. Metres, seconds and radians in the frame of
// three.js (x right, y up, -z ahead at home). Everything eases exponentially, so the frame rate does not change where one arrives.

import { confine, fromCentre, leadsOut, widest } from "./border.js";
import { orbited } from "./orbit.js";
import { wayAfter, wayOn } from "./way.js";

export const FOV_HOME = 75;
const FOV_MIN = 20;
const FOV_MAX = 100;
const PITCH_MAX = (89 * Math.PI) / 180;
const EASE_MOVE_S = 0.13;
const EASE_STOP_S = 0.2; // one glides to a halt
const EASE_LOOK_S = 0.06;
const EASE_ZOOM_S = 0.08;
const CALM_S = 1e-6; // for those who want no motion of the picture's own
const FAST = 3;
const LONGEST_FALL_M = 3;

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** The pose at the capture point, looking along the centre of the panorama. */
export function homePose(mode = "walk") {
  const look = { heading: 0, pitch: 0, fov: FOV_HOME };
  const orbit = { pivot: null, distance: 0 };
  return { x: 0, y: 0, z: 0, vx: 0, vy: 0, vz: 0, ...look, ...orbit, goal: { ...look, ...orbit, y: 0 }, level: 0, way: null, mode, stopped: false };
}

/** An intent that wants nothing. */
export function noIntent() {
  return { right: 0, up: 0, forward: 0, fast: false, turn: 0, tilt: 0, pan: { heading: 0, pitch: 0 }, shift: { right: 0, forward: 0 }, zoom: 1 };
}

/** What an intent wants where one can only turn and zoom. */
export function lookOnly(intent) {
  const { turn, tilt, pan, zoom } = intent;
  return { ...noIntent(), turn, tilt, pan, zoom, isLook: true };
}

/** Whether the pose would go on changing without any further intent. */
export function isMoving(pose) {
  const { goal } = pose;
  const looks = Math.abs(goal.heading - pose.heading) + Math.abs(goal.pitch - pose.pitch) > 1e-5 || Math.abs(goal.fov - pose.fov) > 0.01;
  if (looks || pose.way) return true;
  if (pose.mode === "orbit") return apart(goal.pivot, pose.pivot) + Math.abs(goal.distance - pose.distance) > 1e-3;
  return Math.hypot(pose.vx, pose.vy, pose.vz) > 1e-3 || (pose.mode === "walk" && Math.abs(pose.level + goal.y - pose.y) > 1e-3);
}

const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z);

/**
 * The pose after `dt` seconds.
 * @param world `speed` in m/s, `eyeRange` in m (how far Q and E take the eye while walking), `borders` of the
 *   walking range, `collider` or null, `isCalm` where nothing is to move by itself
 * @param viewHeading where ahead is, if not where the pose looks (a headset turns by itself)
 */
export function step(pose, intent, dt, world, viewHeading = null) {
  const next = { ...pose, goal: { ...pose.goal }, stopped: false };
  const part = (ease) => 1 - Math.exp(-dt / (world.isCalm ? CALM_S : ease));
  if (pose.mode === "orbit" && !intent.isLook) return orbited(next, intent, dt, { part, speed: world.speed, clampPitch, look: EASE_LOOK_S });
  look(next, intent, dt, part);
  const heading = viewHeading ?? next.heading;
  const walks = pose.mode === "walk";
  const asked = wantedVelocity(intent, heading, walks || viewHeading !== null ? 0 : next.pitch, world.speed, walks);
  const shift = shifted(intent, heading);
  next.way = isStill(asked) && isStill(shift) ? pose.way : null; // who moves goes no longer where they were sent
  travel(next, pose, next.way ? wayOn(pose, dt, world) : asked, shift, dt, world);
  if (next.way) next.way = wayAfter(next, pose, dt);
  if (walks) stand(next, pose, intent, dt, world, part);
  return next;
}

/** Walk, fly or orbit around a point: the place stays, and walking returns to eye height. */
export function withMode(pose, mode, pivot = null) {
  const distance = pivot ? Math.max(0.1, apart(pivot, pose)) : 0;
  const aim = pivot ? { heading: Math.atan2(pivot.x - pose.x, pose.z - pivot.z), pitch: Math.asin((pivot.y - pose.y) / distance) } : {};
  const heading = pivot ? pose.heading + turnTo(pose.heading, aim.heading) : pose.heading;
  const still = { vx: 0, vy: 0, vz: 0, way: null };
  const faces = pivot ? { heading, pitch: clampPitch(aim.pitch) } : {};
  const goal = { ...pose.goal, ...faces, y: 0, pivot, distance };
  return { ...pose, ...still, ...faces, mode, level: null, pivot, distance, goal };
}

/** The shortest turn from one heading to another. */
const turnTo = (from, to) => Math.atan2(Math.sin(to - from), Math.cos(to - from));

const clampPitch = (pitch) => clamp(pitch, -PITCH_MAX, PITCH_MAX);

const isStill = (velocity) => Math.hypot(velocity.x, velocity.y ?? 0, velocity.z) === 0;

function look(next, intent, dt, part) {
  const { goal } = next;
  const scale = next.fov / FOV_HOME;
  goal.heading += intent.pan.heading + intent.turn * scale * dt;
  goal.pitch = clampPitch(goal.pitch + intent.pan.pitch + intent.tilt * scale * dt);
  goal.fov = clamp(goal.fov * intent.zoom, FOV_MIN, FOV_MAX);
  next.heading += (goal.heading - next.heading) * part(EASE_LOOK_S);
  next.pitch += (goal.pitch - next.pitch) * part(EASE_LOOK_S);
  next.fov += (goal.fov - next.fov) * part(EASE_ZOOM_S);
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
  const ease = world.isCalm ? CALM_S : isStill(wanted) ? EASE_STOP_S : EASE_MOVE_S;
  const part = 1 - Math.exp(-dt / ease);
  const going = (velocity, goal) => goal * dt + (velocity - goal) * ease * part;
  const ahead = { x: going(pose.vx, wanted.x) + shift.x, z: going(pose.vz, wanted.z) + shift.z };
  for (const axis of ["x", "y", "z"]) next[`v${axis}`] = wanted[axis] + (pose[`v${axis}`] - wanted[axis]) * (1 - part);
  if (pose.mode !== "walk") {
    next.y = pose.y + going(pose.vy, wanted.y);
    next.x = pose.x + ahead.x;
    next.z = pose.z + ahead.z;
    return;
  }
  const taken = walked(pose, ahead, dt, world);
  next.x = pose.x + taken.x;
  next.z = pose.z + taken.z;
  next.level = taken.level;
  if (taken.braked && dt > 0) {
    next.vx = taken.x / dt;
    next.vz = taken.z / dt;
  }
  next.stopped = taken.stopped && Math.hypot(wanted.x, wanted.z) + Math.hypot(shift.x, shift.z) > 0;
}

/** What is left of a step where the walking range ends and walls stand, and the level of the eye after it. */
function walked(pose, ahead, dt, { borders, collider }) {
  const border = widest(borders, pose);
  const inside = border ? confine(fromCentre(pose, border), ahead, dt, border.limitAt) : { ...ahead, braked: false, stopped: false };
  if (!collider) return { ...inside, level: pose.level ?? 0 };
  const level = pose.level ?? landed(pose, collider);
  const to = collider.walk({ x: pose.x, z: pose.z, feet: level - collider.eye }, inside);
  const taken = { x: to.x - pose.x, z: to.z - pose.z };
  if (border && leadsOut(fromCentre(pose, border), taken, border.limitAt)) return { x: 0, z: 0, braked: true, stopped: false, level };
  const isHeld = Math.hypot(taken.x - inside.x, taken.z - inside.z) > 1e-9;
  return { ...taken, braked: inside.braked || isHeld, stopped: inside.stopped, level: to.feet + collider.eye };
}

/** The level of the eye above the ground below it; where there is none within a fall, where it is. */
function landed({ x, y, z }, collider) {
  const ground = collider.groundAt(x, z, y);
  return ground !== null && y - ground < collider.eye + LONGEST_FALL_M ? ground + collider.eye : y;
}

/** The eye goes to its level, and from there as far up and down as it is asked to. */
function stand(next, pose, intent, dt, world, part) {
  next.goal.y = clamp(pose.goal.y + intent.up * world.speed * 0.5 * dt, -world.eyeRange, world.eyeRange);
  next.y = pose.y + (next.level + next.goal.y - pose.y) * part(EASE_MOVE_S);
  next.vy = 0;
}
