// The buttons over the picture. They say what was asked for; the stage decides.

import { element, iconButton } from "../dom.js";
import { icons } from "./icons.js";
import { MODES } from "./modes.js";

const VIEWS = [
  ["scene", "Scene"],
  ["panorama", "Panorama"],
  ["depth", "Depth"],
];
const SHAPES = [
  ["sphere", "Sphere"],
  ["flat", "Flat"],
];

/** A row of buttons of which one is pressed. */
class Choice {
  #buttons;

  constructor(name, choices, onChoose) {
    this.#buttons = choices.map(([value, label]) =>
      element("button", { type: "button", value, "aria-pressed": "false", click: () => onChoose(value) }, label),
    );
    this.element = element("div", { class: "segments", role: "group", "aria-label": name }, ...this.#buttons);
  }

  show(chosen, available) {
    for (const button of this.#buttons) {
      button.ariaPressed = String(button.value === chosen);
      button.hidden = !available.includes(button.value);
    }
    this.element.hidden = available.length < 2;
  }
}

/** Scene, panorama, depth; and how the latter two are drawn. */
export class ViewChoice {
  #views;
  #shapes;

  constructor({ onView, onShape }) {
    this.#views = new Choice("View", VIEWS, onView);
    this.#shapes = new Choice("Shape", SHAPES, onShape);
    this.element = element("div", { class: "stage-views" }, this.#views.element, this.#shapes.element);
  }

  /** @param available names of the views that there are; shapes are offered where a picture is drawn and both are possible */
  show({ view, shape, available, shapes }) {
    this.#views.show(view, available);
    this.#shapes.show(shape, view === "scene" ? [] : shapes);
  }
}

/** The tools: each calls the action of its name. */
export class Toolbar {
  constructor(actions) {
    this.mode = iconButton("Fly (V)", icons.fly, actions.nextMode);
    this.classic = iconButton("Classic look: as older viewers draw it", icons.look, actions.toggleClassic, { "aria-pressed": "false" });
    this.measure = iconButton("Measure (M)", icons.measure, actions.measure, { "aria-pressed": "false" });
    this.pictures = iconButton("Pictures, video along a path", icons.film, actions.pictures, { "aria-pressed": "false" });
    this.edit = iconButton("Edit the scene", icons.edit, actions.edit, { "aria-pressed": "false" });
    this.alive = iconButton("Bring it alive", icons.alive, actions.alive, { "aria-pressed": "false" });
    this.headset = iconButton("Enter VR", icons.headset, actions.enterHeadset);
    this.full = iconButton("Full screen", icons.full, actions.toggleFull);
    this.camera = iconButton("Save a picture", icons.camera, actions.screenshot);
    this.home = iconButton("Back to the start (R)", icons.home, actions.goHome);
    this.help = iconButton("Help (?)", icons.help, actions.help);
    const tools = [this.home, this.mode, this.measure, this.edit, this.alive, this.pictures, this.classic, this.headset, this.camera, this.full, this.help];
    this.element = element("div", { class: "stage-tools", role: "group", "aria-label": "Scene tools" }, ...tools);
    this.headset.hidden = true;
    this.full.hidden = !document.fullscreenEnabled;
  }

  /** Show what is on, and which tools there are. */
  show({ mode, classic, in3d, inScene, headset, measures, studio, canMake, canAnimate, isStill }) {
    const { next, nextName: name } = MODES[mode];
    this.mode.ariaLabel = this.mode.title = name;
    this.mode.querySelector("path").setAttribute("d", icons[next]);
    this.classic.ariaPressed = String(classic);
    this.measure.ariaPressed = String(measures === true);
    this.pictures.ariaPressed = String(studio === "stills");
    this.edit.ariaPressed = String(studio === "editor");
    this.alive.ariaPressed = String(studio === "alive");
    this.alive.hidden = !(in3d && canAnimate);
    this.pictures.hidden = !(inScene && canMake);
    this.edit.hidden = !(inScene && canMake && isStill);
    this.home.hidden = this.camera.hidden = !in3d;
    this.mode.hidden = this.classic.hidden = !inScene;
    this.measure.hidden = measures === null;
    this.headset.hidden = !(in3d && headset);
  }
}
