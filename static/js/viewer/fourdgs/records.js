// The records of a .4dgs file (open draft, version 1): a byte of kind, eight of length, and the content. Pure: bytes in, facts out.

const HEADER = 0x01;
const FOOTER = 0x02;
const QUANTIZATION = 0x03;
const WINDOWS = 0x04;
const INDEX = 0x08;
const MAGIC = [0x89, 0x34, 0x44, 0x47, 0x53, 0x31, 0x0d, 0x0a];
const RECORD_BYTES = 9;
const FOOTER_BYTES = RECORD_BYTES + 20;

/** The last bytes of a file: the record that says where the summary is, and the magic. */
export const TAIL_BYTES = FOOTER_BYTES + MAGIC.length;

/** Before which byte the heads end, for a reader that has only some of them: more are needed where it is beyond these. */
export const START = MAGIC.length;

const damaged = (why) => new Error(`the file is damaged: ${why}`);

/** Reads the fields of bytes one after the other; little endian. */
class Fields {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #next(size) {
    this.at += size;
    if (this.at > this.bytes.length) throw damaged("a record is shorter than its fields");
    return this.at - size;
  }

  u8 = () => this.view.getUint8(this.#next(1));
  u32 = () => this.view.getUint32(this.#next(4), true);
  f64 = () => this.view.getFloat64(this.#next(8), true);

  /** 64 bits; beyond 2⁵³ no file is that long. */
  u64 = () => Number(this.view.getBigUint64(this.#next(8), true));

  f64s = (count) => Array.from({ length: count }, this.f64);

  take(size) {
    const start = this.#next(size);
    return this.bytes.subarray(start, start + size);
  }

  text = () => new TextDecoder().decode(this.take(this.u32()));

  texts() {
    const inner = new Fields(this.take(this.u32()));
    const found = {};
    while (inner.at < inner.bytes.length) found[inner.text()] = inner.text();
    return found;
  }
}

/** Whether bytes begin a .4dgs file. */
export const isMagic = (bytes) => MAGIC.every((value, i) => bytes[i] === value);

/** Where the summary begins and ends, by the last `TAIL_BYTES` of a file of `size` bytes. */
export function summaryPlace(tail, size) {
  const fields = new Fields(tail);
  const isWhole = fields.u8() === FOOTER && fields.u64() >= 20 && isMagic(tail.subarray(FOOTER_BYTES));
  if (!isWhole) throw new Error("the file is cut short: its end is missing");
  const [start, end] = [fields.u64(), size - TAIL_BYTES];
  if (start < START || start > end) throw damaged("it does not say where its parts are");
  return { start, end };
}

/** The chunks that a summary lists: seconds, place, and number of Gaussians; others of its records are passed over. */
export function chunksOf(summary) {
  const chunks = [];
  const fields = new Fields(summary);
  while (fields.at < summary.length) {
    const kind = fields.u8();
    const entry = new Fields(fields.take(fields.u64()));
    if (kind !== INDEX) continue;
    const [first, last, start, size, count] = [entry.f64(), entry.f64(), entry.u64(), entry.u64(), entry.u32()];
    chunks.push({ first, last, start, size, count });
  }
  return chunks;
}

/**
 * What stands before the first chunk: `header`, `steps` and `windows`.
 * @param bytes the beginning of the file, up to the first chunk or beyond
 */
export function headsOf(bytes) {
  if (!isMagic(bytes)) throw new Error("it is not a .4dgs file of version 1");
  const found = { windows: [] };
  const fields = new Fields(bytes);
  fields.take(START);
  while (fields.at < bytes.length) {
    const kind = fields.u8();
    const content = fields.take(fields.u64());
    if (kind === HEADER) found.header = headerOf(new Fields(content));
    else if (kind === QUANTIZATION) found.steps = stepsOf(new Fields(content));
    else if (kind === WINDOWS) found.windows = windowsOf(new Fields(content));
  }
  if (!found.header || !found.steps) throw damaged("its header is missing");
  return found;
}

function headerOf(fields) {
  fields.text(); // the profile
  fields.text(); // who wrote it
  const header = { duration: fields.f64(), count: fields.u64(), cutoff: fields.f64(), model: fields.text() };
  fields.f64s(6); // the box
  fields.take(2); // degree of view-dependent colour, flags
  header.attributes = fields.texts();
  if (header.model !== "gaussian-birth") throw new Error(`its motion is kept in another way (${header.model.slice(0, 40)})`);
  if (!(header.duration > 0 && header.duration < Infinity && header.cutoff > 0 && header.cutoff <= 1)) throw damaged("it has no length");
  return header;
}

function stepsOf(fields) {
  const scheme = fields.text();
  if (scheme !== "uniform-v1") throw new Error(`it is packed in an unknown way (${scheme.slice(0, 40)})`);
  const steps = { origin: fields.f64s(3) };
  for (const name of ["position", "logScale", "rotation", "color", "opacity", "velocity", "time", "logSigma"]) {
    steps[name] = fields.f64();
    if (!(steps[name] > 0 && steps[name] < Infinity)) throw damaged("a step of its grids is not a positive number");
  }
  return steps;
}

const windowsOf = (fields) => Array.from({ length: fields.u32() }, () => [fields.f64(), fields.f64()]);

/** What stands before a chunk's streams, and these; `packing` is that of all streams together. */
export function chunkOf(record) {
  const outer = new Fields(record);
  outer.u8(); // the kind
  const fields = new Fields(outer.take(outer.u64()));
  const [first, last] = [fields.f64(), fields.f64()];
  fields.u32(); // the level
  const [count, packing, unpacked] = [fields.u32(), fields.text(), fields.u64()];
  return { first, last, count, packing, unpacked, streams: fields.take(fields.u64()) };
}

/** The streams of a chunk's attributes, one after the other. */
export function* streamsOf(bytes) {
  const fields = new Fields(bytes);
  while (fields.at < bytes.length) {
    const [attribute, width, mode, codec, channels] = [fields.u8(), fields.u8(), fields.u8(), fields.u8(), fields.u8()];
    const count = fields.u32();
    yield { attribute, width, mode, codec, channels, count, body: fields.take(fields.u64()) };
  }
}
