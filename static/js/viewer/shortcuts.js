// Which key does what at once, and where: a key that does nothing is left to the browser.

/**
 * The name of the action that a key stands for, or null.
 * @param event code and key, and whether a `button` has the focus, which the space bar presses
 * @param facts `sight` scene, sphere or null (see `Scene`), `canPlay` and `canHelp`, and whether one `measures` (null where one cannot)
 */
export function shortcut({ code, key, onButton }, { sight, canPlay, canHelp, measures }) {
  if (key === "?") return canHelp ? "help" : null;
  if (code === "KeyR") return sight ? "goHome" : null;
  if (code === "KeyM") return sight === "scene" && canHelp && measures !== null ? "measure" : null;
  if (measures && (code === "Escape" || code === "Enter") && !onButton) return code === "Enter" ? "measureMiddle" : "measure";
  if (code === "KeyV") return sight === "scene" ? "walkOrFly" : null;
  if (code === "KeyO") return sight === "scene" ? "toggleOrbit" : null;
  if (code === "KeyK" || (code === "Space" && !onButton)) return canPlay ? "togglePlay" : null;
  return null;
}
