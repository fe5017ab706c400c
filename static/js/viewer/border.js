// The borders of the walking range: they brake on the way out, and lead along. Pure arithmetic in metres and seconds.

const BRAKE_PER_S = 5;
const STAY = { x: 0, z: 0 };

/** Of several borders, each `limitAt` around its `x` and `z`, the one that lets somebody go farthest; null of none. */
export function widest(borders, place) {
  const left = (border) => border.limitAt(azimuthOf(fromCentre(place, border))) - away(fromCentre(place, border));
  return borders.reduce((best, one) => (best && left(best) >= left(one) ? best : one), null);
}

/** Where a place lies, seen from the middle of a border. */
export const fromCentre = (place, { x, z }) => ({ x: place.x - x, z: place.z - z });

/**
 * Brake on the way out; the way in is always free, also for those who come back from flying. Whoever walks against the border stops
 * there and is not led aside; a way along it is led on inside.
 */
export function confine(from, ahead, dt, limitAt) {
  const most = mostFrom(from, limitAt);
  const reach = (place) => eased(away(from), most(place), dt);
  const to = sum(from, ahead);
  if (away(to) <= reach(to)) return { ...ahead, braked: false, stopped: false };
  const taken = leadsAway(from, ahead) ? straight(from, ahead, reach(to), most) : around(from, ahead, reach);
  return { ...taken, braked: true, stopped: dot(taken, ahead) < 0.25 * dot(ahead, ahead) };
}

/** Whether a step leads beyond the border, or farther beyond it. */
export function leadsOut(from, step, limitAt) {
  const to = sum(from, step);
  return away(to) > away(from) && away(to) > mostFrom(from, limitAt)(to);
}

/** How far from the capture point somebody may be who stands at `from`, by place. */
function mostFrom(from, limitAt) {
  const limit = (place) => limitAt(azimuthOf(place));
  const outside = Math.max(0, away(from) - limit(from));
  return (place) => limit(place) + outside;
}

const azimuthOf = (place) => Math.atan2(place.x, -place.z);
const away = (place) => Math.hypot(place.x, place.z);
const dot = (a, b) => a.x * b.x + a.z * b.z;
const sum = (a, b) => ({ x: a.x + b.x, z: a.z + b.z });
const scaled = (a, factor) => ({ x: a.x * factor, z: a.z * factor });

/** Whether a step leads away from the capture point rather than round it. */
const leadsAway = (from, step) => dot(from, step) >= Math.abs(from.x * step.z - from.z * step.x);

/** How far from the capture point a step may end that begins at `radius` and must not pass `most`. */
const eased = (radius, most, dt) => (most > radius ? radius + (most - radius) * (1 - Math.exp(-BRAKE_PER_S * dt)) : most);

/** The first part of a step that would end beyond `reach`. */
function straight(from, step, reach, most) {
  const growth = away(sum(from, step)) - away(from);
  const taken = scaled(step, Math.max(0, reach - away(from)) / Math.max(1e-12, growth));
  const place = sum(from, taken);
  return away(place) <= most(place) ? taken : STAY;
}

/** A step that is brought back towards the capture point. */
function around(from, step, reach) {
  const inside = (whole) => {
    const to = sum(from, whole);
    return sum(scaled(to, Math.min(1, reach(to) / away(to))), scaled(from, -1));
  };
  const once = inside(step);
  const taken = inside(scaled(step, Math.min(1, away(step) / away(once)))); // a visitor is never carried faster than they walk
  return dot(taken, step) > 0 ? taken : STAY; // nor against their will
}
