// What is painted on the sphere, as a picture that lies on the panorama. Opaque: how much shows through is the scene's to say.

import { between, cross, degreesOf } from "./directions.js";

const ROWS = 512; // three pixels for a degree, as fields of motion have
const LINE_DEG = 0.35; // half of an arrow's width
const HEAD_DEG = 2.5;
const RADIAN = Math.PI / 180;

export class Painting {
  #pen;

  constructor() {
    this.canvas = Object.assign(document.createElement("canvas"), { width: 2 * ROWS, height: ROWS });
    this.#pen = this.canvas.getContext("2d");
    this.version = 0; // grows with each change
  }

  clear() {
    this.#pen.clearRect(0, 0, 2 * ROWS, ROWS);
    this.version += 1;
  }

  /** Cover what lies within a radius of places, which are [yaw, pitch] in degrees: as spag4d/animate/regions.py does. */
  stroke(color, radius_deg, places) {
    this.#pen.fillStyle = color;
    for (const place of places) this.#disc(radius_deg * RADIAN, place[0] * RADIAN, place[1] * RADIAN);
    this.version += 1;
  }

  /** Draw an arrow between two directions. */
  arrow(color, from, to) {
    const line = [from, ...between(from, to, LINE_DEG)];
    this.stroke(color, LINE_DEG, line.map(degreesOf));
    const back = line[Math.max(0, line.length - 1 - Math.ceil(HEAD_DEG / LINE_DEG))];
    for (const side of [1, -1]) {
      const aside = cross(to, back).map((value, k) => back[k] + side * 0.6 * value);
      this.stroke(color, LINE_DEG, between(to, aside, LINE_DEG).map(degreesOf));
    }
  }

  #disc(radius, yaw, pitch) {
    const [top, bottom] = [pitch + radius, pitch - radius].map((edge) => (0.5 - edge / Math.PI) * ROWS - 0.5);
    for (let row = Math.max(0, Math.ceil(top)); row <= Math.min(ROWS - 1, bottom); row++) {
      const elevation = Math.PI * (0.5 - (row + 0.5) / ROWS);
      const share = (Math.cos(radius) - Math.sin(pitch) * Math.sin(elevation)) / Math.max(Math.cos(pitch) * Math.cos(elevation), 1e-9);
      const half = (Math.acos(Math.max(-1, Math.min(1, share))) * ROWS) / Math.PI;
      const middle = (yaw / (2 * Math.PI) + 0.5) * 2 * ROWS;
      for (const turn of [-2 * ROWS, 0, 2 * ROWS]) this.#pen.fillRect(middle - half + turn, row, 2 * half, 1);
    }
  }
}
