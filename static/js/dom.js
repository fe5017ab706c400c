// Making elements, and nothing more: no markup is ever built from text.

import { CROSS } from "./viewer/icons.js";

/**
 * Make an element. Attributes with a function as value become event listeners, `true` and `false` switch an attribute.
 * @param {string} tag
 * @param {Object<string, any>} [attributes]
 * @param {...(Node|string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Draw an icon of a path in a 24 × 24 box. Decorative: the button around it carries the name. */
export function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("class", "icon-drawing");
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  drawing.append(line);
  return drawing;
}

/** A button that shows only an icon, with its name for screen readers and as a tooltip. */
export function iconButton(name, path, onClick, attributes = {}) {
  return element("button", { type: "button", class: "button icon", "aria-label": name, title: name, click: onClick, ...attributes }, icon(path));
}

/** A button with words, smaller than those that matter most. */
export function smallButton(words, onClick, title = null) {
  return element("button", { type: "button", class: "button small", click: onClick, title }, words);
}

/** The head of a panel: its name, and a button that closes it. */
export const panelHead = (name, onClose) => element("div", { class: "studio-head" }, element("h2", {}, name), iconButton("Close", CROSS, onClose));

/** A row of a panel; one that is `spare` gives way on small screens while something is painted. */
export const row = (...parts) => element("div", { class: "studio-row" }, ...parts);
export const spareRow = (...parts) => element("div", { class: "studio-row spare" }, ...parts);
/** The row of a panel that stays in sight. */
export const footRow = (...parts) => element("div", { class: "studio-row studio-foot" }, ...parts);

export const byId = (id) => document.getElementById(id);
