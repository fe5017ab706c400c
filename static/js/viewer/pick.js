// What lies under a place of the picture: the nearest surface that a ray meets.

import * as THREE from "three";

const NEAREST_M = 0.05; // a Gaussian that close is around the visitor, not in front
const RING_PX = 4; // where Gaussians are sparse a ray may slip between them
const RING = [[1, 0], [0.5, 0.87], [-0.5, 0.87], [-1, 0], [-0.5, -0.87], [0.5, -0.87]];

/**
 * Where the surface is that is seen at a place of the page, in the frame of three.js, or null where there is none.
 * @param mesh of Gaussians, which can be raycast
 * @param place `clientX` and `clientY`, as events have them
 * @returns `point`, and its `distance` from the camera in metres
 */
export function pick(mesh, camera, canvas, { clientX, clientY }) {
  const box = canvas.getBoundingClientRect();
  const at = ([x, y]) => hit(mesh, camera, (2 * (clientX + RING_PX * x - box.left)) / box.width - 1, 1 - (2 * (clientY + RING_PX * y - box.top)) / box.height);
  const found = at([0, 0]);
  if (found) return found;
  const around = RING.map(at).filter(Boolean).sort((a, b) => a.distance - b.distance);
  return around[around.length >> 1] ?? null;
}

function hit(mesh, camera, x, y) {
  const ray = new THREE.Raycaster();
  ray.near = NEAREST_M;
  ray.setFromCamera(new THREE.Vector2(x, y), camera);
  const hits = [];
  mesh.raycast(ray, hits);
  const nearest = hits.reduce((first, one) => (first && first.distance <= one.distance ? first : one), null);
  return nearest && { point: nearest.point, distance: nearest.distance };
}
