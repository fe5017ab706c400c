// Triangles of a collision mesh: read from a .glb file, and found by where they lie. Pure: bytes in, numbers out.

const JSON_START = 20;
const CELL_M = 0.5;
const KEYS = 1 << 15; // cells in a row, so that one number names a cell

/** Corner after corner (x, y, z; y up) of the triangles in a .glb file as SPAG-4D writes it. */
export function trianglesFromGlb(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(12, true);
  const document = JSON.parse(new TextDecoder().decode(bytes.subarray(JSON_START, JSON_START + length)));
  const { attributes, indices } = document.meshes[0].primitives[0];
  const start = bytes.byteOffset + JSON_START + length + 8;
  const part = (accessor) => {
    const { byteOffset, byteLength } = document.bufferViews[document.accessors[accessor].bufferView];
    return bytes.buffer.slice(start + byteOffset, start + byteOffset + byteLength);
  };
  const vertices = new Float32Array(part(attributes.POSITION));
  return Float32Array.from({ length: 3 * document.accessors[indices].count }, cornersOf(vertices, new Uint32Array(part(indices))));
}

const cornersOf = (vertices, indices) => (_, at) => vertices[3 * indices[Math.trunc(at / 3)] + (at % 3)];

/** Triangles by the upright columns that they reach into. */
export class Columns {
  #cells = new Map();

  /** @param corners nine numbers for each triangle */
  constructor(corners) {
    this.corners = corners;
    for (let at = 0; at < corners.length; at += 9) this.#add(at);
  }

  #add(at) {
    const { corners } = this;
    const [x, z] = [0, 2].map((axis) => [corners[at + axis], corners[at + 3 + axis], corners[at + 6 + axis]]);
    for (let i = cellOf(Math.min(...x)); i <= cellOf(Math.max(...x)); i++) {
      for (let k = cellOf(Math.min(...z)); k <= cellOf(Math.max(...z)); k++) {
        const key = i * KEYS + k;
        if (!this.#cells.has(key)) this.#cells.set(key, []);
        this.#cells.get(key).push(at);
      }
    }
  }

  /** Where the triangles begin that may come within `radius` of an upright line; some come more than once. */
  *near(x, z, radius) {
    for (let i = cellOf(x - radius); i <= cellOf(x + radius); i++) {
      for (let k = cellOf(z - radius); k <= cellOf(z + radius); k++) yield* this.#cells.get(i * KEYS + k) ?? [];
    }
  }
}

const cellOf = (value) => Math.floor(value / CELL_M) + KEYS / 2;

/** The height of a triangle above or below a place, or null beside it and where it stands upright. */
export function heightAt(corners, at, x, z) {
  const [ax, ay, az, bx, by, bz, cx, cy, cz] = corners.subarray(at, at + 9);
  const area = (bx - ax) * (cz - az) - (cx - ax) * (bz - az);
  if (Math.abs(area) < 1e-9) return null;
  const b = ((x - ax) * (cz - az) - (cx - ax) * (z - az)) / area;
  const c = ((bx - ax) * (z - az) - (x - ax) * (bz - az)) / area;
  return b >= -1e-9 && c >= -1e-9 && b + c <= 1 + 1e-9 ? ay + b * (by - ay) + c * (cy - ay) : null;
}

/** How steep a triangle is: 1 lies level, 0 stands upright. */
export function levelness(corners, at) {
  const [ax, ay, az, bx, by, bz, cx, cy, cz] = corners.subarray(at, at + 9);
  const u = [bx - ax, by - ay, bz - az];
  const v = [cx - ax, cy - ay, cz - az];
  const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
  return Math.abs(normal[1]) / Math.max(1e-12, Math.hypot(...normal));
}

/** The point, seen from above, of a triangle's part between two heights that is nearest to a place; null beyond `radius`. */
export function nearestBetween(corners, at, { low, high }, { x, z }, radius) {
  const lies = (axis, from, to) => {
    const [first, second, third] = [corners[at + axis], corners[at + 3 + axis], corners[at + 6 + axis]];
    return Math.max(first, second, third) >= from && Math.min(first, second, third) <= to;
  };
  if (!lies(1, low, high) || !lies(0, x - radius, x + radius) || !lies(2, z - radius, z + radius)) return null; // as most do
  let outline = [0, 3, 6].map((corner) => [corners[at + corner], corners[at + corner + 1], corners[at + corner + 2]]);
  outline = cutAt(cutAt(outline, low, 1), high, -1);
  if (outline.length === 0) return null;
  if (isInside(outline, x, z)) return { x, z, distance: 0 };
  let best = null;
  for (const [i, from] of outline.entries()) {
    const found = nearestOnLine(from, outline[(i + 1) % outline.length], x, z);
    if (!best || found.distance < best.distance) best = found;
  }
  return best.distance < radius ? best : null;
}

/** The part of an outline above a height (`sign` 1) or below it (-1). */
function cutAt(outline, height, sign) {
  const above = (point) => sign * (point[1] - height);
  return outline.flatMap((point, i) => {
    const next = outline[(i + 1) % outline.length];
    const own = above(point) >= 0 ? [point] : [];
    if (above(point) >= 0 === above(next) >= 0) return own;
    const share = above(point) / (above(point) - above(next));
    return [...own, point.map((value, axis) => value + share * (next[axis] - value))];
  });
}

function isInside(outline, x, z) {
  const sides = outline.map((from, i) => {
    const to = outline[(i + 1) % outline.length];
    return (to[0] - from[0]) * (z - from[2]) - (to[2] - from[2]) * (x - from[0]);
  });
  return sides.every((side) => side > 1e-12) || sides.every((side) => side < -1e-12);
}

function nearestOnLine(from, to, x, z) {
  const [along, across] = [to[0] - from[0], to[2] - from[2]];
  const length = along * along + across * across;
  const share = length > 0 ? Math.min(1, Math.max(0, ((x - from[0]) * along + (z - from[2]) * across) / length)) : 0;
  const [nearX, nearZ] = [from[0] + share * along, from[2] + share * across];
  return { x: nearX, z: nearZ, distance: Math.hypot(x - nearX, z - nearZ) };
}
