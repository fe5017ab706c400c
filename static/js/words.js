// Numbers as people say them.

/** 48948992 → "48.9 MB" */
export function bytes(count) {
  if (count === 1) return "1 byte";
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (count >= 1000 && at < units.length - 1) {
    count /= 1000;
    at += 1;
  }
  return `${count.toFixed(at < 2 || count >= 100 ? 0 : 1)} ${units[at]}`;
}

/** 75 → "1 min 15 s" */
export function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** 1972 → "33 min": as exactly as a guess may be said */
export function roughly(seconds) {
  const step = seconds < 60 ? 1 : seconds < 600 ? 10 : 60;
  const rounded = Math.max(1, Math.round(seconds / step)) * step;
  return duration(rounded).replace(/ 0 (s|min)$/, "");
}

/** 1529656 → "1.53 million" */
export function many(count) {
  if (count < 1e6) return count.toLocaleString("en");
  return `${(count / 1e6).toFixed(count < 1e7 ? 2 : 1)} million`;
}

/** 3.14159 → "3.1 m" */
export const metres = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} m`;

/** "courtyard.jpg" → "courtyard" */
export const stem = (name) => name.replace(/\.[^.]*$/, "") || name;
