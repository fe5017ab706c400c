// An opened .4dgs file: its heads and the list of its chunks at once, each chunk when it is asked for.

import { gaussiansOf } from "./grid.js";
import { chunkOf, chunksOf, headsOf, START, summaryPlace, TAIL_BYTES } from "./records.js";
import { binsOf } from "./streams.js";

const HEADS_MOST = 16 << 20; // bytes: a million windows; larger heads are not honest ones
const COUNT_MOST = 40_000_000; // Gaussians: two gigabytes of them as textures, more than browsers give

/** Reads by parts of a `RemoteFile` or `LocalFile`. */
export class FourdgsFile {
  #bytes;
  #heads;

  constructor(bytes, heads, chunks) {
    this.#bytes = bytes;
    this.#heads = heads;
    this.chunks = chunks;
  }

  /** Read the heads; fails in words where this is no such file, or a kind of it that cannot be shown. */
  static async opened(bytes, signal) {
    if (bytes.size < START + TAIL_BYTES) throw new Error("it is not a .4dgs file");
    const place = summaryPlace(await bytes.part(bytes.size - TAIL_BYTES, TAIL_BYTES, signal), bytes.size);
    const chunks = chunksOf(await bytes.part(place.start, place.end - place.start, signal)).filter(({ count }) => count);
    const first = Math.min(place.start, ...chunks.map(({ start }) => start));
    if (first > HEADS_MOST) throw new Error("the file is damaged: its head is too long");
    const heads = headsOf(await bytes.part(0, first, signal));
    const count = chunks.reduce((sum, chunk) => sum + chunk.count, 0);
    if (!count) throw new Error("the file holds no Gaussians");
    if (count > COUNT_MOST) throw new Error(`its ${count} Gaussians are more than a browser can hold`);
    return new FourdgsFile(bytes, heads, chunks);
  }

  get duration() {
    return this.#heads.header.duration;
  }

  /** The share of its opacity at which a Gaussian that fades is gone. */
  get cutoff() {
    return this.#heads.header.cutoff;
  }

  /** Pictures a second that it was made of, or null. */
  get fps() {
    const fps = Number(this.#heads.header.attributes.fps);
    return fps > 0 && fps <= 1000 ? fps : null;
  }

  /** The name of its axes; without one they are those of all other files. */
  get axes() {
    return this.#heads.header.attributes.coordinate_system ?? "";
  }

  /** The Gaussians of a chunk; see `gaussiansOf`. */
  async read({ start, size, count }, signal) {
    const chunk = chunkOf(await this.#bytes.part(start, size, signal));
    if (chunk.count !== count) throw new Error("the file is damaged: a chunk has another number of Gaussians than its list says");
    const bins = await binsOf(chunk);
    signal?.throwIfAborted();
    return gaussiansOf(bins, count, this.#heads);
  }
}
