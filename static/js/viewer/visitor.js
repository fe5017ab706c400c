// The visitor in the scene: holds the pose, and puts the camera where it is.

import * as THREE from "three";
import { homePose, isMoving, step, withWalking } from "./movement.js";
import { walkingRange } from "./walking_range.js";

const NEAR_M = 0.01;
const FAR_M = 5000;
const FLYING = 1.5; // times as fast as walking

/** Pose, walking range and camera of one visitor. */
export class Visitor {
  pose = homePose();
  #range = walkingRange(null);

  constructor() {
    this.camera = new THREE.PerspectiveCamera(this.pose.fov, 1, NEAR_M, FAR_M);
    this.rig = new THREE.Group(); // a headset moves the camera within it
    this.rig.add(this.camera);
    this.#place(false);
  }

  get speed() {
    return this.#range.speed * (this.pose.walking ? 1 : FLYING);
  }

  /** Degrees, 0 ahead, growing to the right, below 360. */
  get heading() {
    const degrees = (this.pose.heading * 180) / Math.PI;
    return ((degrees % 360) + 360) % 360;
  }

  /** Set how far the visitor can walk, as `walkingRange` takes it, or null where nothing is known. */
  setRange(ranges) {
    this.#range = walkingRange(ranges);
  }

  goHome() {
    this.pose = homePose(this.pose.walking);
    this.#place(false);
  }

  setWalking(walking) {
    this.pose = withWalking(this.pose, walking);
  }

  /** Go on by `dt` seconds; returns whether the picture changes. `viewHeading` is where a headset looks. */
  advance(dt, intent, viewHeading = null) {
    const before = this.pose;
    this.pose = step(before, intent, dt, { ...this.#range, speed: this.speed }, viewHeading);
    this.#place(viewHeading !== null);
    return isMoving(this.pose) || ["x", "y", "z", "heading", "pitch", "fov"].some((name) => Math.abs(this.pose[name] - before[name]) > 1e-6);
  }

  setAspect(aspect) {
    this.camera.aspect = aspect;
    this.camera.updateProjectionMatrix();
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
