// Whose keys are pressed.

/** Whether keys belong to something else at the moment: a field, a dialog, or another part of the page. */
export function keysAreTaken(event, stage) {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return true;
  if (document.querySelector("dialog[open]")) return true;
  const focused = document.activeElement;
  if (!focused || focused === document.body) return false;
  if (focused.closest("input, select, textarea, [contenteditable]:not([contenteditable=false])")) return true;
  return !stage.contains(focused);
}
