// The streams of a .4dgs file unpacked: whole numbers, as differences or as they are, in planes of bytes, by DEFLATE.

import { streamsOf } from "./records.js";

const DIFFERENCES = 1;
const CONSTANT = 2;
const DEFLATE = 0;
const ZSTD = 1;

/** Attributes by their numbers in the draft, with the numbers that each Gaussian has of them. */
export const CHANNELS = [3, 3, 1, 3, 3, 1, 3, 1, 1, 1, 1];
export const [POSITION, SCALE, LARGEST, ROTATION, COLOR, OPACITY, VELOCITY, CENTER, SIGMA, FLAGS, WINDOW] = CHANNELS.keys();

/** Exactly `size` bytes of a packed stream; fails where there are more or fewer, and never holds more. */
async function inflated(bytes, size) {
  const target = new Uint8Array(size);
  let at = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error) => Promise.reject(new Error("the file is damaged", { cause: error })));
    if (done) break;
    if (at + value.length > size) break;
    target.set(value, at);
    at += value.length;
  }
  reader.cancel().catch(() => {}); // what is left over interests nobody
  if (at !== size) throw new Error("the file is damaged: a stream has another length than it promises");
  return target;
}

async function unpacked(bytes, codec, size) {
  if (codec === DEFLATE) return inflated(bytes, size);
  const how = codec === ZSTD ? "with zstd, which browsers cannot unpack" : "in an unknown way";
  throw new Error(`it is packed ${how}; "spag4d transform" writes it anew`);
}

/** All attributes of a chunk as whole numbers, by attribute; unknown ones are passed over. */
export async function binsOf({ count, packing, unpacked: size, streams }) {
  if (packing && size > 64 * streams.length + (1 << 20)) throw new Error("the file is damaged: a chunk promises too much");
  const whole = packing ? await unpacked(streams, { deflate: DEFLATE, zstd: ZSTD }[packing], size) : streams;
  const bins = [];
  for (const stream of streamsOf(whole)) {
    const channels = CHANNELS[stream.attribute];
    if (channels === undefined) continue;
    const isOdd = stream.channels !== channels || stream.count !== count || stream.mode > CONSTANT || ![1, 2, 4].includes(stream.width);
    if (isOdd) throw new Error(`the file is damaged: attribute ${stream.attribute} does not fit its chunk`);
    bins[stream.attribute] = await numbersOf(stream);
  }
  for (const attribute of CHANNELS.keys()) if (!bins[attribute]) throw new Error(`the file is damaged: attribute ${attribute} is missing`);
  return bins;
}

async function numbersOf({ width, mode, codec, channels, count, body }) {
  const there = (mode === CONSTANT ? Math.min(1, count) : count) * channels;
  const planes = there ? await unpacked(body, codec, there * width) : new Uint8Array(0);
  const numbers = new Int32Array(count * channels);
  for (let i = 0; i < there; i++) {
    let folded = 0;
    for (let plane = width - 1; plane >= 0; plane--) folded = (folded << 8) | planes[plane * there + i];
    numbers[i] = (folded >>> 1) ^ -(folded & 1);
  }
  if (mode === DIFFERENCES) for (let i = channels; i < numbers.length; i++) numbers[i] += numbers[i - channels];
  if (mode === CONSTANT) for (let i = channels; i < numbers.length; i++) numbers[i] = numbers[i - channels];
  return numbers;
}
