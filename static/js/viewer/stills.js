// Pictures and films of a scene, which the server draws: from where one stands, and along a path through key views.

import { element, footRow, iconButton, panelHead, row, smallButton } from "../dom.js";
import { CROSS } from "./icons.js";
import { alongPath, durationOf } from "./path.js";

const SIZES = { "1920 × 1080": [1920, 1080], "3840 × 2160 (4K)": [3840, 2160], "1080 × 1080": [1080, 1080], "1080 × 1920 (upright)": [1080, 1920] };
const SPHERES = { "4096 × 2048": [4096, 2048], "8192 × 4096": [8192, 4096] };
const FILMS = { "1280 × 720": [1280, 720], "1920 × 1080": [1920, 1080], "3840 × 2160 (4K)": [3840, 2160], "1080 × 1920 (upright)": [1080, 1920] };
const STEP = 6; // digits of a view that are kept: less than a micrometre

const select = (name, sizes) => element("select", { class: "button small", "aria-label": name },
  ...Object.entries(sizes).map(([words, size]) => element("option", { value: size.join("x") }, words)));
const sizeOf = (choice) => choice.value.split("x").map(Number);

/** A panel over the scene. */
export class Stills {
  #world;
  #views = [];
  #began = null; // when the preview began, in seconds
  #before = null; // where the visitor stood then

  /**
   * @param world `view()` is where the visitor stands and what they see, in the frame of files, `look(view)` puts them there, `make(wish)`
   *   asks the server, `save(blob, name)` lets the browser save a file, `say(words)` shows a hint, `onClose()`
   */
  constructor(world) {
    this.#world = world;
    this.size = select("Size of the picture", SIZES);
    this.sphere = select("Size of the 360° picture", SPHERES);
    this.film = select("Size of the video", FILMS);
    this.words = element("p", { class: "muted" }, "Walk to a place, look, and add the view. The camera glides from view to view.");
    this.list = element("ol", { class: "studio-views", "aria-label": "Key views" });
    this.seconds = element("input", { type: "number", min: "1", max: "600", step: "1", inputmode: "numeric", "aria-label": "Length of the video in seconds" });
    this.loop = element("input", { type: "checkbox", change: () => this.#changed() });
    this.preview = smallButton("Preview", () => this.#togglePreview());
    this.make = element("button", { type: "button", class: "button small primary", click: () => this.#film() }, "Make the video");
    this.saving = smallButton("Save the path", () => world.save(new Blob([JSON.stringify(this.#path(), null, 1)]), "path.json"), "The key views as a file, for the command line");
    this.element = element("div", { class: "notice studio", role: "group", "aria-label": "Pictures and video" },
      panelHead("Pictures and video", () => world.onClose()),
      row(smallButton("Picture", () => this.#still(this.size, false)), this.size),
      row(smallButton("360° picture", () => this.#still(this.sphere, true)), this.sphere),
      element("h3", {}, "Camera path"),
      this.words,
      this.list,
      row(smallButton("Add this view", () => this.#add()), element("label", {}, this.loop, " back to the first"), element("label", {}, this.seconds, " s")),
      footRow(this.preview, this.saving, this.film, this.make));
    this.#changed();
  }

  /** Another scene: its path begins anew. */
  forget() {
    this.#stop();
    this.#views = [];
    this.#changed();
  }

  /** Before each picture: go on with the preview. */
  tick(now) {
    if (this.#began === null) return;
    this.#began ||= now;
    const share = (now - this.#began) / Number(this.seconds.value);
    if (share >= 1) return this.#stop();
    this.#world.look(alongPath(this.#path(), share));
  }

  /** Whether the preview moves the visitor. */
  get isPlaying() {
    return this.#began !== null;
  }

  #path() {
    return { views: this.#views, loop: this.loop.checked };
  }

  #add() {
    this.#views.push(rounded(this.#world.view()));
    this.#changed();
  }

  #changed() {
    const count = this.#views.length;
    const shown = this.#views.map((view, at) => element("li", {},
      smallButton(`View ${at + 1}`, () => this.#world.look(view), "Go there"),
      iconButton(`Remove view ${at + 1}`, CROSS, () => {
        this.#views.splice(at, 1);
        this.#changed();
      })));
    this.list.replaceChildren(...shown);
    this.words.hidden = count > 0;
    for (const button of [this.preview, this.make, this.saving]) button.disabled = count < 2;
    if (count > 1) this.seconds.value = Math.max(1, Math.round(durationOf(this.#path())));
  }

  #togglePreview() {
    if (this.isPlaying) return this.#stop();
    this.#before = this.#world.view();
    this.#began = 0;
    this.preview.textContent = "Stop";
    this.#world.look(this.#views[0]);
  }

  #stop() {
    if (!this.isPlaying) return;
    this.#began = null;
    this.preview.textContent = "Preview";
    this.#world.look(this.#before);
  }

  #still(choice, panorama) {
    const [width, height] = sizeOf(choice);
    this.#ask({ make: "still", view: rounded(this.#world.view()), width, height, panorama });
  }

  #film() {
    const [width, height] = sizeOf(this.film);
    this.#ask({ make: "film", path: this.#path(), width, height, fps: 30, seconds: Math.min(600, Math.max(1, Number(this.seconds.value) || 1)) });
  }

  async #ask(wish) {
    if (await this.#world.make(wish)) this.#world.say("It is being made: find it with the scene's downloads.");
  }
}

const rounded = ({ position, look_at, vertical_fov_deg }) => {
  const cut = (place) => place.map((value) => Number(value.toFixed(STEP)));
  return { position: cut(position), look_at: cut(look_at), vertical_fov_deg };
};
