// How far one may walk from the capture point before the scene shows what the camera did not see. Pure arithmetic.

const SECTORS = 24;
const QUANTILE = 0.1;
const SHARE = 0.6;
const FLOOR_M = 0.3;
const ELEVATION_MAX = (20 * Math.PI) / 180;
const FEW = 8;
const SKY_FROM_M = 190; // of 200, as places in files are rounded

/**
 * The safe range of a scene.
 * @param {Float32Array} centres x, y, z of a sample of its Gaussians, in the frame of the files: x right, y down, z forward
 * @returns {{limits: number[], median: number}} metres for each sector of azimuth (0 is ahead, to the right it grows), and their median
 */
export function safeRange(centres) {
  const far = farthestSurface(centres);
  const sectors = Array.from({ length: SECTORS }, () => []);
  for (let i = 0; i + 2 < centres.length; i += 3) {
    const [x, y, z] = [centres[i], centres[i + 1], centres[i + 2]];
    const flat = Math.hypot(x, z);
    if (!(flat > 0) || Math.abs(Math.atan2(y, flat)) > ELEVATION_MAX || Math.hypot(flat, y) > far) continue;
    sectors[sectorOf(Math.atan2(x, z))].push(flat);
  }
  const known = sectors.map((distances) => (distances.length < FEW ? null : Math.max(FLOOR_M, SHARE * quantile(distances, QUANTILE))));
  const median = medianOf(known.filter((limit) => limit !== null)) ?? FLOOR_M;
  const limits = known.map((limit, i) => limit ?? neighbour(known, i) ?? median);
  return { limits, median };
}

/** The limit in one direction, in metres, smoothly from sector to sector. */
export function limitAt(limits, azimuth) {
  const place = (azimuth / (2 * Math.PI)) * limits.length;
  const low = Math.floor(place);
  const part = place - low;
  const at = (i) => limits[((i % limits.length) + limits.length) % limits.length];
  return at(low) * (1 - part) + at(low + 1) * part;
}

/** A walking speed in m/s that suits a scene of that size. */
export function speedFor(median) {
  return Math.min(3, Math.max(0.4, 0.6 * median));
}

/**
 * The sky, where it is drawn, is a sphere beyond everything: all of it lies at 200 m or more, at twice the distance of the farthest
 * surface at least, and no part of it much nearer than another. Whatever is nearer, or not that apart, is a surface.
 */
function farthestSurface(centres) {
  const distances = [];
  for (let i = 0; i + 2 < centres.length; i += 3) distances.push(Math.hypot(centres[i], centres[i + 1], centres[i + 2]));
  const farthest = distances.reduce((a, b) => Math.max(a, b), 0);
  const isApart = !distances.some((distance) => distance > 0.6 * farthest && distance < 0.9 * farthest);
  return farthest > SKY_FROM_M && isApart ? 0.75 * farthest : Infinity;
}

/** Sectors are centred on multiples of 15 degrees, the first straight ahead. */
function sectorOf(azimuth) {
  const sector = Math.round((azimuth / (2 * Math.PI)) * SECTORS);
  return ((sector % SECTORS) + SECTORS) % SECTORS;
}

function quantile(values, share) {
  values.sort((a, b) => a - b);
  return values[Math.floor(share * (values.length - 1))];
}

function medianOf(values) {
  return values.length ? quantile([...values], 0.5) : null;
}

/** What the nearest known sectors allow: the smaller of the two, one on each side. */
function neighbour(known, index) {
  const found = [1, -1].map((side) => {
    for (let i = 1; i < SECTORS; i++) {
      const limit = known[(index + side * i + SECTORS * SECTORS) % SECTORS];
      if (limit !== null) return limit;
    }
    return null;
  });
  return found[0] === null ? null : Math.min(...found);
}
