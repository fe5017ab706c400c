// Distances that the user brings along with a picture: which files hold them, and what their numbers count.
import { element, iconButton, smallButton } from "./dom.js";

const CROSS = "M6 6l12 12M18 6L6 18";
const ALWAYS = /\.(npy|npz|pfm)$/i;
const MAYBE = /\.(exr|png|tiff?)$/i;
const SAYS_SO = /(depth|distance|disp)/i;
const HEAD_BYTES = 26; // of a PNG, up to the bits and the colours of a pixel

/** What a whole number counts, in metres, in words. */
const UNITS = [["1", "metres"], ["0.1", "decimetres"], ["0.01", "centimetres"], ["0.001", "millimetres"]];

/** What a browser may offer to choose. */
export const DEPTH_FILES = ".npy,.npz,.pfm,.exr,.tif,.tiff,.png";

/** Whether a file holds distances, by its name or, for a PNG, its sixteen bits of grey. */
export async function isDepthMap(file) {
  if (ALWAYS.test(file.name)) return true;
  if (!MAYBE.test(file.name)) return false;
  return SAYS_SO.test(file.name) || (/\.png$/i.test(file.name) && (await isDeepGrey(file)));
}

async function isDeepGrey(file) {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  return head[0] === 0x89 && head[24] === 16 && head[25] === 0;
}

/** The picture that a depth map belongs to: the one whose name its own begins with, or else the only one there is; null where that is unclear. */
export function ownerOf(name, pictures) {
  const named = pictures.filter((picture) => name.startsWith(picture.name.replace(/\.[^.]*$/, "")));
  const found = named.length ? named.sort((a, b) => b.name.length - a.name.length) : pictures;
  return named.length || found.length === 1 ? found[0] : null;
}

/**
 * The row below a picture: a button that asks for its distances, or their file with the unit and a button that leaves it out.
 * @param depth `name` of the file, or null; `unit` in metres; `onChoose(file)`, `onUnit(metres)`, `onRemove()`
 */
export function depthRow(depth, unit, { onChoose, onUnit, onRemove }) {
  if (!depth) {
    const input = element("input", { type: "file", accept: DEPTH_FILES, class: "visually-hidden", tabindex: "-1", "aria-label": "Depth map" });
    input.addEventListener("change", () => input.files[0] && onChoose(input.files[0]));
    const words = "Distances of your own, from a scanner or a renderer, in place of the network's";
    return element("div", { class: "depth-map" }, smallButton("Add a depth map …", () => input.click(), words), input);
  }
  const options = UNITS.map(([value, words]) => element("option", { value, selected: Number(value) === unit }, words));
  if (!UNITS.some(([value]) => Number(value) === unit)) options.push(element("option", { value: unit, selected: true }, `${unit} m`));
  const select = element("select", { id: "depth-unit", change: () => onUnit(select.value) }, ...options);
  return element("div", { class: "depth-map" },
    element("span", { class: "depth-map-name", title: depth.name }, "Depth: ", element("strong", {}, depth.name)),
    iconButton(`Leave out ${depth.name}`, CROSS, onRemove),
    element("label", { for: select.id }, "Whole numbers count"), select);
}
