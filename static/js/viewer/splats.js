// Gaussians of files: decoded by Spark, which never turns them; swapped frame by frame for videos.

import { PackedSplats, SplatMesh } from "@sparkjsdev/spark";

import { splatFromGlb } from "./glb.js";

/** Above this number a tree of coarser Gaussians is built, so that only what the picture needs is sorted and drawn. */
export const LOD_ABOVE = 2_000_000;

/** The same where a computer draws slowly. */
export const LOD_ABOVE_WEAK = 25_000;

/** Above this number centres are kept with 32 bits instead of 16. */
export const EXTENDED_ABOVE = 4_000_000;

const SPLAT_BYTES = 32;

/** Bytes that a Gaussian takes at least, in formats that are packed as a whole. */
const PACKED_BYTES = { spz: 10, sog: 6 };

/** How many Gaussians a file holds, by its size or header; an estimate where it has to be unpacked to know. */
export function countIn(bytes, name) {
  if (name.endsWith(".splat")) return Math.floor(bytes.length / SPLAT_BYTES);
  const packed = PACKED_BYTES[name.split(".").pop()];
  if (packed) return Math.floor(bytes.length / packed);
  const header = new TextDecoder("latin1").decode(bytes.subarray(0, 1 << 16));
  return Number(/element vertex (\d+)/.exec(header)?.[1] ?? 0);
}

/** The file's name in a URL: its ending tells Spark the format. */
export function fileNameOf(url) {
  return decodeURIComponent(new URL(url, document.baseURI).pathname.split("/").pop());
}

/**
 * Decode a scene into a mesh that can be added at once; very large ones, and on a computer that `isWeak` all but small ones, get
 * levels of detail, if these do not fail. One that is wanted whole gets none, and can be changed Gaussian by Gaussian.
 */
export async function decodeScene(given, givenName, { isWeak = false, isWhole = false } = {}) {
  const [bytes, fileName] = readable(given, givenName);
  const count = countIn(bytes, fileName);
  const hasLevels = !isWhole && count > (isWeak ? LOD_ABOVE_WEAK : LOD_ABOVE);
  const options = { fileBytes: bytes, fileName, editable: false, extSplats: !isWhole && count > EXTENDED_ABOVE };
  let mesh;
  try {
    mesh = await initialized({ ...options, lod: hasLevels });
  } catch (error) {
    if (!hasLevels) throw unreadable(error);
    mesh = await initialized({ ...options, lod: false }).catch((second) => Promise.reject(unreadable(second)));
  }
  if (detailed(mesh.splats).getNumSplats() > 0) return mesh;
  mesh.dispose();
  throw new Error("the file holds no Gaussians");
}

/** Bytes and name of a file that Spark can read. */
function readable(bytes, fileName) {
  if (!fileName.endsWith(".glb")) return [bytes, fileName];
  try {
    return [splatFromGlb(bytes), `${fileName}.splat`];
  } catch (error) {
    throw unreadable(error);
  }
}

/** Decode a frame of a video: Gaussians in memory, nothing on the graphics card yet. */
export async function decodeFrame(bytes, fileName) {
  const [fileBytes, name] = readable(bytes, fileName);
  const frame = new PackedSplats({ fileBytes, fileName: name });
  await frame.initialized.catch((error) => Promise.reject(unreadable(error)));
  return frame;
}

/** One mesh that shows the frames of a video in turn: only the array behind its texture changes. */
export class FrameMesh {
  #splats;

  constructor(frame) {
    this.#splats = new PackedSplats(arrayOf(frame));
    this.mesh = new SplatMesh({ packedSplats: this.#splats, splatEncoding: frame.splatEncoding, editable: false });
  }

  /** Show a frame as soon as it is sorted; until then the one before stays. */
  show(frame) {
    const splats = this.#splats;
    if (splats.source && splats.maxSplats === frame.maxSplats) splats.source.image.data = frame.packedArray;
    else if (splats.source) {
      splats.source.dispose();
      splats.source = null;
    }
    Object.assign(splats, arrayOf(frame), { needsUpdate: true });
    this.mesh.updateMappingVersion();
  }
}

const arrayOf = ({ packedArray, numSplats, maxSplats, splatEncoding }) => ({ packedArray, numSplats, maxSplats, splatEncoding });

const detailed = (source) => source.lodSplats ?? source;

async function initialized(options) {
  const mesh = new SplatMesh(options);
  try {
    return await mesh.initialized;
  } catch (error) {
    mesh.dispose();
    throw error;
  }
}

const unreadable = (error) => new Error("the file cannot be read", { cause: error });
