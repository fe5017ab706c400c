// Gamepads: the left stick moves, the right one looks, the triggers go up and down; two buttons stand for keys.

const DEAD = 0.15;
const LOOK_PER_S = 2;
const ACTIONS = { 0: "goHome", 3: "walkOrFly" }; // A and Y

/** The actions of buttons that were not down at the last reading. */
export class PadButtons {
  #down = new Set();

  read() {
    const pads = [...(navigator.getGamepads?.() ?? [])].filter((pad) => pad?.connected && pad.mapping === "standard");
    const down = new Set(Object.keys(ACTIONS).filter((button) => pads.some((pad) => pad.buttons[button]?.pressed)));
    const actions = [...down].filter((button) => !this.#down.has(button)).map((button) => ACTIONS[button]);
    this.#down = down;
    return actions;
  }
}

/** A stick's deflection without the play in its middle, finer where it is small. */
export function stick(value) {
  const beyond = Math.abs(value ?? 0) - DEAD;
  return beyond <= 0 ? 0 : Math.sign(value) * (beyond / (1 - DEAD)) ** 1.5;
}

/** Add what all gamepads ask for to an intent. */
export function readGamepads(intent) {
  for (const pad of navigator.getGamepads?.() ?? []) {
    if (!pad?.connected || pad.mapping !== "standard") continue;
    intent.right += stick(pad.axes[0]);
    intent.forward -= stick(pad.axes[1]);
    intent.turn += stick(pad.axes[2]) * LOOK_PER_S;
    intent.tilt -= stick(pad.axes[3]) * LOOK_PER_S;
    intent.up += (pad.buttons[7]?.value ?? 0) - (pad.buttons[6]?.value ?? 0);
    intent.fast ||= Boolean(pad.buttons[10]?.pressed);
  }
}

/** Whether an intent asks for anything. */
export function wantsAnything(intent) {
  const { pan, shift } = intent;
  const steady = intent.right || intent.up || intent.forward || intent.turn || intent.tilt;
  return Boolean(steady || pan.heading || pan.pitch || shift.right || shift.forward || intent.zoom !== 1);
}
