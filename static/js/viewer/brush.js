// What takes a brush over the picture.

import { element } from "../dom.js";

/** An overlay, hidden at first: `begin(event)`, `move(event)` while the pointer is held down, `end()`. */
export function brushOverlay({ begin, move, end }) {
  const press = (event) => {
    if (event.button !== 0) return;
    overlay.setPointerCapture(event.pointerId);
    begin(event);
  };
  const calls = { pointerdown: press, pointermove: (event) => event.buttons && move(event), pointerup: end, pointercancel: end };
  const overlay = element("div", { class: "brush", hidden: true, ...calls });
  return overlay;
}
