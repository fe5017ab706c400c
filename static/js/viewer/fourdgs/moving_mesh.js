// The two meshes of a scene that moves: what stands, and what is there for a time. Times and velocities of the latter lie in a
// texture, so that another moment is one number for the graphics card.

import { dyno, ExtSplats, PackedSplats, SplatMesh, utils } from "@sparkjsdev/spark";
import * as THREE from "three";
import { EXTENDED_ABOVE, LOD_ABOVE } from "../splats.js";

/** For how many seconds before its time a Gaussian is sorted already, and invisible: it must not wait for a sort when it comes. */
export const LEAD_S = 0.25;

const TICKS = 65535; // of the windows' times, which have 16 bits
const NEVER_FADES = 0x7c00; // infinity, with 16 bits
const WORDS = 4; // of 32 bits that a texture holds of a Gaussian

const { DynoFloat, DynoUsampler2DArray, Dyno, Gsplat, defineGsplat, dynoBlock, unindentLines } = dyno;
const { encodeExtSplat, getTextureSize, setPackedSplat, toHalf } = utils;

/** How a file's axes lie in those of all other files: x right, y down, z forward. */
export function turnOf(axes) {
  if (axes === "y-up-right-handed") return new THREE.Quaternion(1, 0, 0, 0);
  if (axes === "z-up-right-handed") return new THREE.Quaternion(Math.SQRT1_2, 0, 0, Math.SQRT1_2);
  return new THREE.Quaternion();
}

/** What stands, of several sets of Gaussians, as the scenes that do not move are drawn. */
export async function stillMesh(sets) {
  const count = sets.reduce((sum, set) => sum + set.count, 0);
  const isExtended = count > EXTENDED_ABOVE;
  const arrays = Array.from({ length: isExtended ? 2 : 1 }, () => new Uint32Array(getTextureSize(count).maxSplats * WORDS));
  const target = isExtended ? arrays : arrays[0];
  const set = isExtended ? encodeExtSplat : setPackedSplat;
  let at = 0;
  for (const gaussians of sets) for (let i = 0; i < gaussians.count; i++) set(target, at++, ...valuesOf(gaussians, i));
  const splats = isExtended ? new ExtSplats({ extArrays: arrays, numSplats: count }) : new PackedSplats({ packedArray: target, numSplats: count });
  if (count > LOD_ABOVE) await splats.createLodSplats().then(() => (splats.nonLod = undefined), () => {});
  return new SplatMesh({ [isExtended ? "extSplats" : "packedSplats"]: splats, editable: false });
}

function valuesOf({ means, scales, quats, opacities, colors }, i) {
  const [m, q] = [3 * i, 4 * i];
  return [
    means[m], means[m + 1], means[m + 2], scales[m], scales[m + 1], scales[m + 2],
    quats[q], quats[q + 1], quats[q + 2], quats[q + 3], opacities[i], colors[m], colors[m + 1], colors[m + 2],
  ];
}

/** What moves or is there for a time: so many places on the graphics card, and nowhere else. */
export class MovingMesh extends SplatMesh {
  #renderer;
  #textures;
  #tick;
  #time;

  /** @param clip `duration` and `fps` (or null) of the file, and its `cutoff` */
  constructor(renderer, places, { duration, fps, cutoff }) {
    const textures = [emptyTexture(places), emptyTexture(places), emptyTexture(places)];
    const splats = new ExtSplats({ maxSplats: places });
    Object.assign(splats, { textures: textures.slice(0, 2), numSplats: places });
    super({ extSplats: splats, editable: false, raycastable: false, enableLod: false });
    const tick = tickOf(duration, fps);
    const time = new DynoFloat({ value: 0 });
    this.objectModifiers = [motion({ motion: textures[2], time, tick, duration, cutoff })];
    this.updateGenerator();
    for (const texture of textures) renderer.initTexture(texture);
    this.#renderer = renderer;
    this.#textures = textures;
    this.#tick = tick;
    this.#time = time;
  }

  /** Show a moment: nothing but this number is sent. */
  setTime(time) {
    const ticks = time / this.#tick;
    const whole = Math.round(ticks);
    this.#time.value = Math.abs(ticks - whole) < 1e-3 ? whole : ticks; // a frame begins with its first moment, however it rounds
    this.updateVersion();
  }

  /** Put Gaussians on the graphics card, into stretches of the places. */
  put(gaussians, stretches) {
    const [first, second, times] = this.#packed(gaussians);
    let from = 0;
    for (const { start, count } of stretches) {
      for (const [texture, data] of [[this.#textures[0], first], [this.#textures[1], second], [this.#textures[2], times]]) {
        this.#send(texture, data.subarray(WORDS * from, WORDS * (from + count)), start);
      }
      from += count;
    }
    this.updateVersion();
  }

  dispose() {
    super.dispose();
    for (const texture of this.#textures) texture.dispose();
  }

  #packed(gaussians) {
    const [first, second, times] = Array.from({ length: 3 }, () => new Uint32Array(WORDS * gaussians.count));
    const { velocities, centers, sigmas, windows } = gaussians;
    const reals = new Float32Array(times.buffer);
    const ticks = (time) => Math.min(TICKS, Math.max(0, Math.round(time / this.#tick)));
    for (let i = 0; i < gaussians.count; i++) {
      encodeExtSplat([first, second], i, ...valuesOf(gaussians, i));
      const fade = sigmas[i] === Infinity ? NEVER_FADES : toHalf(Math.log(sigmas[i]));
      times[WORDS * i] = toHalf(velocities[3 * i]) | (toHalf(velocities[3 * i + 1]) << 16);
      times[WORDS * i + 1] = toHalf(velocities[3 * i + 2]) | (fade << 16);
      reals[WORDS * i + 2] = centers[i] / this.#tick;
      times[WORDS * i + 3] = ticks(windows[2 * i]) | (ticks(windows[2 * i + 1]) << 16);
    }
    return [first, second, times];
  }

  #send(texture, data, start) {
    for (const { x, y, z, width, height, from } of rectangles(start, data.length / WORDS, texture.image)) {
      const source = new THREE.DataTexture(data.subarray(WORDS * from, WORDS * (from + width * height)), width, height);
      this.#renderer.copyTextureToTexture(source, texture, null, new THREE.Vector3(x, y, z));
    }
  }
}

/** The part of a row, whole rows and the part of a row that a stretch of places takes of a texture, layer by layer. */
export function* rectangles(start, count, { width, height }) {
  for (let at = start, end = start + count; at < end; ) {
    const x = at % width;
    const row = Math.floor(at / width);
    const y = row % height;
    const isWhole = x === 0 && end - at >= width;
    const rows = isWhole ? Math.min(Math.floor((end - at) / width), height - y) : 1;
    const columns = isWhole ? width : Math.min(width - x, end - at);
    yield { x, y, z: Math.floor(row / height), width: columns, height: rows, from: at - start };
    at += rows * columns;
  }
}

/** The grid of windows: such that frames begin on it. */
function tickOf(duration, fps) {
  const frames = fps ? Math.round(duration * fps) : 1;
  return frames > TICKS ? duration / TICKS : duration / (frames * Math.floor(TICKS / frames));
}

/** A texture of the graphics card alone. */
function emptyTexture(places) {
  const { width, height, depth } = getTextureSize(places);
  const texture = new THREE.DataArrayTexture(null, width, height, depth);
  Object.assign(texture, { format: THREE.RGBAIntegerFormat, type: THREE.UnsignedIntType, internalFormat: "RGBA32UI", needsUpdate: true });
  texture.source.dataReady = false;
  return texture;
}

/** What becomes of a Gaussian at a time: moved, faded, invisible outside its window, and before that not even sorted. */
function motion({ motion: texture, time, tick, duration, cutoff }) {
  const real = (value) => value.toExponential(9);
  const [lead, all] = [real(LEAD_S / tick), real(duration / tick)];
  const inputs = { motion: new DynoUsampler2DArray({ key: "motion", value: texture }), time };
  return dynoBlock({ gsplat: Gsplat }, { gsplat: Gsplat }, ({ gsplat }) => new Dyno({
    inTypes: { gsplat: Gsplat, motion: "usampler2DArray", time: "float" },
    outTypes: { gsplat: Gsplat },
    inputs: { gsplat, ...inputs },
    globals: () => [defineGsplat],
    statements: ({ inputs: given, outputs }) => unindentLines(`
      ${outputs.gsplat} = ${given.gsplat};
      uvec4 motionData = texelFetch(${given.motion}, splatTexCoord(${given.gsplat}.index), 0);
      float motionFirst = float(motionData.w & 65535u), motionLast = float(motionData.w >> 16);
      float motionNow = ${given.time}, motionSoon = motionNow + ${lead};
      bool motionComes = motionSoon >= motionFirst && motionNow < motionLast;
      bool motionComesAgain = motionSoon - ${all} >= motionFirst;
      if (motionLast <= motionFirst || !(motionComes || motionComesAgain)) {
        ${outputs.gsplat}.flags = 0u;
      } else {
        vec2 motionRest = unpackHalf2x16(motionData.y);
        float motionPassed = (motionNow - uintBitsToFloat(motionData.z)) * ${real(tick)};
        ${outputs.gsplat}.center += vec3(unpackHalf2x16(motionData.x), motionRest.x) * motionPassed;
        float motionLeft = isinf(motionRest.y) ? 1.0 : exp(-0.5 * motionPassed * motionPassed * exp(-2.0 * motionRest.y));
        bool motionSeen = motionNow >= motionFirst && motionNow < motionLast && motionLeft >= ${real(cutoff)};
        ${outputs.gsplat}.rgba.a *= motionSeen ? motionLeft : 0.0;
      }`),
  }).outputs);
}
