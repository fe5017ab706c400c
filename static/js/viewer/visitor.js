// The visitor in the scene: holds the pose, and puts the camera where it is.

import * as THREE from "three";
import { Collider } from "./collider.js";
import { homePose, isMoving, step, withMode } from "./movement.js";
import { poseOf } from "./view.js";
import { walkingRange } from "./walking_range.js";
import { sentTo } from "./way.js";

const NEAR_M = 0.01;
const FAR_M = 5000;
const FLYING = 1.5; // times as fast as walking
const PIVOT_M = 2; // ahead, where nothing is seen to orbit around

/** Pose, walking range and camera of one visitor. */
export class Visitor {
  pose = homePose();
  #range = walkingRange(null);
  #collider = null;
  #home = null;
  #isCalm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor() {
    this.camera = new THREE.PerspectiveCamera(this.pose.fov, 1, NEAR_M, FAR_M);
    this.rig = new THREE.Group(); // a headset moves the camera within it
    this.rig.add(this.camera);
    this.#place(false);
  }

  get speed() {
    return this.#range.speed * (this.pose.mode === "walk" ? 1 : FLYING);
  }

  /** Degrees, 0 ahead, growing to the right, below 360. */
  get heading() {
    const degrees = (this.pose.heading * 180) / Math.PI;
    return ((degrees % 360) + 360) % 360;
  }

  /** Set how far the visitor can walk, as `walkingRange` takes it, or null where nothing is known. */
  setRange(ranges, viewpoints) {
    this.#range = walkingRange(ranges, viewpoints);
  }

  /** Set what stops and carries the visitor, corners as `Collider` takes them, or null where nothing is known. */
  setTriangles(corners) {
    this.#collider = corners && new Collider(corners);
    if (this.pose.mode === "walk" && (this.pose.x || this.pose.z)) this.pose = withMode(this.pose, "walk"); // finds the ground there
  }

  goHome() {
    this.standAt(this.#home);
  }

  /** Set where home is: a view `position_m`, `look_at_m` in the frame of files, or null for the capture point. */
  setHome(view) {
    this.#home = view && poseOf(view.position_m, view.look_at_m);
  }

  /** Stand somewhere at once: `x`, `y`, `z`, `heading`, `pitch`, and `fov` where it changes; null for the capture point. */
  standAt(place) {
    const pose = homePose(this.pose.mode === "fly" ? "fly" : "walk");
    const { heading, pitch, fov, y } = { ...pose, ...place };
    this.pose = { ...pose, ...place, level: y, goal: { ...pose.goal, heading, pitch, fov } };
    this.#place(false);
  }

  /** Walk, fly, or orbit around a point: the one that is seen in the middle, if there is one. */
  setMode(mode, seen = null) {
    this.pose = withMode(this.pose, mode, mode === "orbit" ? (seen ?? this.#ahead(PIVOT_M)) : null);
  }

  /** Go to a point, as far as walls and the walking range allow. */
  goTo(point) {
    const { x, y, z } = point;
    this.pose = sentTo(this.pose, { x, y, z }, this.#collider);
  }

  /** Go on by `dt` seconds; returns whether the picture changes. `viewHeading` is where a headset looks. */
  advance(dt, intent, viewHeading = null) {
    const before = this.pose;
    this.pose = step(before, intent, dt, { ...this.#range, speed: this.speed, collider: this.#collider, isCalm: this.#isCalm.matches }, viewHeading);
    this.#place(viewHeading !== null);
    return isMoving(this.pose) || ["x", "y", "z", "heading", "pitch", "fov"].some((name) => Math.abs(this.pose[name] - before[name]) > 1e-6);
  }

  setAspect(aspect) {
    this.camera.aspect = aspect;
    this.camera.updateProjectionMatrix();
  }

  #ahead(metres) {
    const { x, y, z, heading, pitch } = this.pose;
    const flat = metres * Math.cos(pitch);
    return { x: x + flat * Math.sin(heading), y: y + metres * Math.sin(pitch), z: z - flat * Math.cos(heading) };
  }

  #place(headset) {
    const { x, y, z, heading, pitch, fov } = this.pose;
    this.rig.position.set(x, y, z);
    this.rig.rotation.y = -heading;
    if (headset) return;
    this.camera.position.set(0, 0, 0);
    this.camera.rotation.set(pitch, 0, 0);
    if (this.camera.fov !== fov) {
      this.camera.fov = fov;
      this.camera.updateProjectionMatrix();
    }
  }
}
