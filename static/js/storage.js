// What this browser remembers for the page. Where it may not remember anything, the page works all the same.

/** Return what was remembered under a key, or null. */
export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // storage is switched off or full: the choice then lasts as long as the page
  }
}
