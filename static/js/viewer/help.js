// What you can do in the scene: the text of the help.

import { element } from "../dom.js";

const TOPICS = [
  ["Mouse", [["Drag", "look around"], ["Wheel", "zoom"], ["Double click", "go there"]]],
  [
    "Keys",
    [
      ["W A S D", "move"],
      ["Q E", "lower and higher"],
      ["Shift", "faster"],
      ["Arrows", "look around"],
      ["R", "back to where the camera stood"],
      ["V", "walk or fly"],
      ["O", "orbit around what is in the middle, and back"],
      ["M", "measure; Enter takes the middle"],
      ["Space or K", "play or pause a video"],
      ["?", "this help"],
    ],
  ],
  ["Touch", [["One finger", "look around"], ["Two fingers", "drag to move, pinch to zoom"], ["Two taps", "go there"]]],
  [
    "Gamepad",
    [
      ["Left stick", "move; pressed: faster"],
      ["Right stick", "look around"],
      ["Triggers", "lower and higher"],
      ["A", "back to the start"],
      ["Y", "walk or fly"],
    ],
  ],
  [
    "VR headset",
    [
      ["Button with the headset", "step in, where one is connected"],
      ["Left stick", "move"],
      ["Right stick", "turn; up and down: higher and lower"],
      ["Your own steps", "move as well"],
    ],
  ],
];

const ABOUT =
  "The scene is what one camera saw from one place. Walking keeps to the floor, climbs stairs, and stops at walls and where the picture ends; flying " +
  "goes on through everything, and shows what is missing there. In orbit, dragging turns the scene around one point, and the wheel brings it nearer.";

/** What is at hand comes first. */
function topicsInOrder() {
  const first = matchMedia("(pointer: coarse)").matches ? "Touch" : "Mouse";
  return TOPICS.toSorted(([a], [b]) => (b === first) - (a === first));
}

/** The dialog; `showModal()` opens it, Escape closes it, and the focus goes back by itself. */
export function helpDialog() {
  const topics = topicsInOrder().map(([title, lines]) =>
    element(
      "section",
      {},
      element("h3", {}, title),
      element("dl", {}, ...lines.map(([what, does]) => element("div", {}, element("dt", {}, what), element("dd", {}, does)))),
    ),
  );
  const content = element(
    "div", // fills the dialog: a click on this itself is one on the backdrop
    { class: "stage-help-content" },
    element(
      "form", // first, so that the focus is at the top
      { method: "dialog", class: "stage-help-top" },
      element("h2", {}, "Moving in the scene"),
      element("button", { class: "button" }, "Close"),
    ),
    element("div", { class: "stage-help-topics" }, ...topics),
    element("p", {}, ABOUT),
  );
  const dialog = element("dialog", { class: "stage-help", "aria-label": "Moving in the scene" }, content);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return dialog;
}
