// A headset: the capture point is where the head is when it is put on. The left stick moves, the right one turns.

import { stick } from "./gamepad.js";

const SNAP_RAD = Math.PI / 6;
const SNAP_AT = 0.6;

/** Whether this browser can show a scene in a headset. */
export async function canWearHeadset() {
  return (await navigator.xr?.isSessionSupported("immersive-vr").catch(() => false)) ?? false;
}

/** The session of one renderer, if there is one. */
export class Headset {
  #renderer;
  #session = null;
  #turned = false;

  constructor(renderer) {
    this.#renderer = renderer;
  }

  get isWorn() {
    return this.#renderer.xr.isPresenting;
  }

  /** Begin; must be called in the task of a click. `onEnd` is called when the headset is taken off. */
  async start(onEnd) {
    const session = await navigator.xr.requestSession("immersive-vr");
    this.#session = session;
    session.addEventListener("end", () => {
      this.#session = null;
      setTimeout(() => {
        this.#renderer.xr.enabled = false; // after three.js has put its own things in order
        onEnd();
      });
    });
    this.#renderer.xr.enabled = true;
    this.#renderer.xr.setReferenceSpaceType("local");
    try {
      await this.#renderer.xr.setSession(session);
    } catch (error) {
      await session.end().catch(() => {}); // its end puts the rest in order
      throw error;
    }
  }

  end() {
    this.#session?.end();
  }

  /** Add what the hands ask for to an intent; returns whether a headset is worn. */
  read(intent) {
    if (!this.isWorn) return false;
    for (const { handedness, gamepad } of this.#session?.inputSources ?? []) {
      if (!gamepad) continue;
      const [x, y] = gamepad.axes.slice(-2);
      if (handedness === "right") this.#turn(intent, x ?? 0, y ?? 0);
      else {
        intent.right += stick(x);
        intent.forward -= stick(y);
      }
    }
    return true;
  }

  /** Where the head looks, in radians: 0 ahead, growing to the right. */
  viewHeading() {
    const turned = this.#renderer.xr.getCamera().matrixWorld.elements;
    return Math.atan2(-turned[8], turned[10]);
  }

  /** Turning goes in steps: a smooth turn makes people sick. */
  #turn(intent, x, y) {
    if (Math.abs(x) > SNAP_AT && !this.#turned) intent.pan.heading += Math.sign(x) * SNAP_RAD;
    this.#turned = Math.abs(x) > SNAP_AT;
    intent.up -= stick(y);
  }
}
