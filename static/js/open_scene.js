// Scene files of any tool: which files are such, and what their report card says.
import { fileUrl } from "./api.js";
import { element, smallButton } from "./dom.js";

/** Endings of files that are opened and not converted, as the picker of files takes them. */
export const SCENE_ENDINGS = [".ply", ".splat", ".spz", ".sog", ".glb", ".gltf", ".ksplat", ".4dgs", ".splatv", ".zip", ".gz"];

/** Whether a file is to be opened as a scene, by its name: its content is judged by the server. */
export const isScene = (file) => SCENE_ENDINGS.some((ending) => file.name.toLowerCase().endsWith(ending));

const CARD = "check.json";
const UPSIDE_DOWN = "the floor is above";

/** The report card of an opened scene, folded under its verdict; nothing for other jobs. `makeVersion` turns it upright where it lies. */
export function cardOf(job, makeVersion) {
  if (!(CARD in job.files)) return [];
  const summary = element("summary", {}, "About this scene");
  const list = element("dl", { class: "card-lines" });
  const place = element("details", { class: "scene-card" }, summary, list);
  fetch(fileUrl(job, CARD)).then((answer) => answer.json()).then(({ verdict, lines }) => {
    if (verdict) summary.textContent = verdict;
    list.append(...lines.map(({ label, value, mark }) => element("div", { "data-mark": mark }, element("dt", {}, label), element("dd", {}, value))));
    if (lines.some(({ value }) => value.includes(UPSIDE_DOWN))) {
      place.after(smallButton("Turn it upright", () => makeVersion([{ edit: "up", up: [0, 1, 0] }]), "It lies upside down"));
    }
  }, () => place.remove());
  return [place];
}
