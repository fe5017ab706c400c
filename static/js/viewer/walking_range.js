// How far you can walk from each place where a panorama was taken, as the conversion measured it. Pure arithmetic.

const EYE_LEAST_M = 0.1;
const EYE_MOST_M = 0.6;
const SPEED_LEAST = 0.4;
const SPEED_MOST = 1.4;
const SPEED_UNKNOWN = 1.2;
const LEVEL = ["+z", "+x", "-z", "-x"];

/**
 * What a visitor needs to know of the range.
 * @param ranges metres by direction in the frame of the files (x right, y down, z forward): "+x", "-x+y-z" and so on; null where
 *   it was not measured
 * @param viewpoints of a scene of several panoramas: `position_m` in the frame of the files, and `walking_range_m` as `ranges` from
 *   there
 * @returns `borders`, none where nothing is known: `x` and `z` of a place in the frame of three.js, and `limitAt(azimuth)` from
 *   there in metres, 0 is ahead and to the right it grows; `eyeRange` in metres up and down; `speed` in m/s
 */
export function walkingRange(ranges, viewpoints = []) {
  if (!isComplete(ranges)) return { borders: [], eyeRange: EYE_LEAST_M, speed: SPEED_UNKNOWN };
  const level = LEVEL.map((name) => ranges[name]);
  const others = viewpoints.filter((one) => isComplete(one.walking_range_m));
  const mean = level.reduce((sum, metres) => sum + metres) / level.length;
  return {
    borders: [borderAround([0, 0, 0], ranges), ...others.map((one) => borderAround(one.position_m, one.walking_range_m))],
    eyeRange: clamp(Math.min(ranges["+y"], ranges["-y"]), EYE_LEAST_M, EYE_MOST_M),
    speed: clamp(mean, SPEED_LEAST, SPEED_MOST), // from the middle to the border in a second
  };
}

const borderAround = ([x, , z], ranges) => ({ x, z: -z, limitAt: (azimuth) => towards(ranges, azimuth) });

/** The range on the level: on the cube around the capture point it is linear between the middle of a face and its upright edges. */
function towards(ranges, azimuth) {
  const [x, z] = [Math.sin(azimuth), Math.cos(azimuth)];
  const [right, ahead] = [x < 0 ? "-x" : "+x", z < 0 ? "-z" : "+z"];
  const [axis, aside] = Math.abs(x) > Math.abs(z) ? [right, Math.abs(z / x)] : [ahead, Math.abs(x / z)];
  const edge = (ranges[`${right}+y${ahead}`] + ranges[`${right}-y${ahead}`]) / 2;
  return ranges[axis] * (1 - aside) + edge * aside;
}

function isComplete(ranges) {
  const corners = ["+x", "-x"].flatMap((x) => ["+y", "-y"].flatMap((y) => ["+z", "-z"].map((z) => x + y + z)));
  return Boolean(ranges) && [...LEVEL, "+y", "-y", ...corners].every((name) => Number.isFinite(ranges[name]));
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
