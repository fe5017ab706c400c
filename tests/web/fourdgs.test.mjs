// What plays scenes that move, as far as it needs no graphics card. To be run with `node --test`.

import assert from "node:assert/strict";
import test from "node:test";
import { clockTime, MovingClock } from "../../static/js/viewer/clocks.js";
import { LocalFile, RemoteFile } from "../../static/js/viewer/fourdgs/bytes.js";
import { FourdgsFile } from "../../static/js/viewer/fourdgs/file.js";
import { Order } from "../../static/js/viewer/fourdgs/order.js";
import { mostAtOnce, Places, Residents } from "../../static/js/viewer/fourdgs/residents.js";
import { binsOf, CHANNELS } from "../../static/js/viewer/fourdgs/streams.js";

const WHERE = { signal: undefined };

// Bytes

/** A server that has these bytes, and sends parts of them or not. */
function serving(context, bytes, { sendsParts }) {
  const asked = [];
  context.mock.method(globalThis, "fetch", async (url, { headers }) => {
    asked.push(headers.Range);
    const [first, last] = headers.Range.slice(6).split("-").map(Number);
    if (!sendsParts) return new Response(bytes, { status: 200 });
    const sent = bytes.slice(first, last + 1);
    return new Response(sent, { status: 206, headers: { "Content-Range": `bytes ${first}-${first + sent.length - 1}/${bytes.length}` } });
  });
  return asked;
}

const MANY = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);

test("a part of a file is what it asks the server for", async (context) => {
  const asked = serving(context, MANY, { sendsParts: true });
  const file = await new RemoteFile("/a").opened();
  assert.deepEqual(await file.part(150_000, 5), MANY.subarray(150_000, 150_005));
  assert.equal(file.size, 200_000);
  assert.equal(asked.at(-1), "bytes=150000-150004");
});

test("the beginning is asked for once", async (context) => {
  const asked = serving(context, MANY, { sendsParts: true });
  const file = await new RemoteFile("/a").opened();
  assert.deepEqual(await file.part(7, 3), MANY.subarray(7, 10));
  assert.equal(asked.length, 1);
});

test("of a server that sends whole files only, the file is asked for once", async (context) => {
  const asked = serving(context, MANY, { sendsParts: false });
  const file = await new RemoteFile("/a").opened();
  assert.deepEqual(await file.part(150_000, 5), MANY.subarray(150_000, 150_005));
  assert.equal(asked.length, 1);
});

for (const [name, bytes] of [["nothing", []], ["something else", MANY]]) {
  test(`${name} is refused in words`, async () => {
    await assert.rejects(FourdgsFile.opened(new LocalFile(new Blob([Uint8Array.from(bytes)])), WHERE.signal), /not a .4dgs file|cut short/);
  });
}

// Streams

const packed = async (bytes) =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer());

/** The streams of a chunk of two Gaussians, each the same number but the first attribute, which has these planes. */
async function chunkOf(planes, { mode = 0, codec = 0, width = 1 } = {}) {
  const parts = [];
  for (const [attribute, channels] of CHANNELS.entries()) {
    const [its, head] = attribute ? [[0, 0, 0].slice(0, channels), [1, 2, 0]] : [planes, [width, mode, codec]];
    const body = await packed(Uint8Array.from(its));
    const bytes = new DataView(new ArrayBuffer(17));
    [attribute, ...head, channels].forEach((value, i) => bytes.setUint8(i, value));
    bytes.setUint32(5, 2, true);
    bytes.setBigUint64(9, BigInt(body.length), true);
    parts.push(new Uint8Array(bytes.buffer), body);
  }
  return { count: 2, packing: "", streams: new Uint8Array(await new Blob(parts).arrayBuffer()) };
}

test("signs lie in the lowest bit, and lowest bytes come first", async () => {
  const [positions] = await binsOf(await chunkOf([1, 2, 3, 4, 0, 1, 0, 0, 0, 0, 0, 2], { width: 2 }));
  assert.deepEqual([...positions], [-1, 1, -2, 2, 0, -257]);
});

test("differences add up, Gaussian by Gaussian", async () => {
  const [positions] = await binsOf(await chunkOf([2, 4, 6, 2, 1, 0], { mode: 1 }));
  assert.deepEqual([...positions], [1, 2, 3, 2, 1, 3]);
});

for (const [name, options, words] of [
  ["zstd", { codec: 1 }, /zstd, which browsers cannot unpack/],
  ["a stream that is longer than it promises", { mode: 2 }, /another length/],
  ["a stream that is shorter", { width: 4 }, /another length/],
  ["an odd width", { width: 3 }, /does not fit/],
]) {
  test(`${name} is refused in words`, async () => assert.rejects(binsOf(await chunkOf([0, 0, 0, 0, 0, 0], options)), words));
}

// Places

test("what is taken is nobody else's until it is given back, and what comes back can be taken in one piece again", () => {
  const places = new Places(10);
  const [a, b, c] = [places.take(4), places.take(4), places.take(2)];
  assert.equal(places.take(1), null);
  places.free(a);
  places.free(c);
  assert.deepEqual(places.take(5), [{ start: 0, count: 4 }, { start: 8, count: 1 }]);
  places.free(b);
  assert.deepEqual(places.take(5), [{ start: 4, count: 4 }, { start: 9, count: 1 }]);
});

// Which chunks are held

const CHUNKS = Array.from({ length: 10 }, (_, i) => ({ first: i, last: i + 1, count: 10 }));
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

function residents(room, { read = async (chunk) => chunk, chunks = CHUNKS } = {}) {
  const asked = [];
  const taken = new Map();
  const those = new Residents({
    chunks, duration: 10, room, onArrival: () => {},
    read: (chunk) => (asked.push(chunk.first), read(chunk)),
    put: (chunk, stretches) => taken.set(chunk, stretches),
  });
  return { those, asked, held: () => those.held.map(({ first }) => first).sort((a, b) => a - b), taken };
}

test("the most that live at one time are counted", () => {
  assert.equal(mostAtOnce([{ first: 0, last: 2, count: 3 }, { first: 1, last: 3, count: 4 }, { first: 2, last: 4, count: 5 }]), 9);
});

test("chunks come in the order of their time, from the one that lives now on, and all stay where there is room", async () => {
  const { those, asked, held } = residents(100);
  those.want(3.5);
  await settled();
  assert.deepEqual(asked, [3, 4, 5, 6, 7, 8, 9, 0, 1, 2]);
  assert.equal(held().length, 10);
});

test("with little room only the next ones are held, those that are over make room, and the beginning follows the end", async () => {
  const { those, held, taken } = residents(35);
  those.want(0);
  await settled();
  assert.deepEqual(held(), [0, 1, 2]);
  those.want(8.2);
  await settled();
  assert.deepEqual(held(), [0, 8, 9]);
  const places = those.held.flatMap((chunk) => taken.get(chunk).flatMap(({ start, count }) => Array.from({ length: count }, (_, i) => start + i)));
  assert.equal(new Set(places).size, 30);
  assert.ok(Math.max(...places) < 35);
});

test("what lives at a time is there once it has come", async () => {
  const { those } = residents(100);
  assert.equal(those.isThere(2), false);
  those.want(2);
  await settled();
  assert.equal(those.isThere(2.5), true);
});

test("a chunk that does not come is told of where it lives, and tried again when somebody asks", async () => {
  let works = false;
  const read = async (chunk) => {
    if (chunk.first === 1 && !works) throw new Error("broken");
    return chunk;
  };
  const { those } = residents(100, { read });
  those.want(0);
  await settled();
  assert.equal(those.errorAt(0.5), null);
  assert.equal(those.errorAt(1.5).message, "broken");
  works = true;
  those.retry();
  await settled();
  assert.equal(those.isThere(1.5), true);
});

test("after it is gone nothing is stored", async () => {
  const { those, held } = residents(100);
  those.want(0);
  those.dispose();
  await settled();
  assert.deepEqual(held(), []);
});

// The clock

function clockOf(duration) {
  return Object.assign(new MovingClock(), { duration, playing: true });
}

test("time passes as fast as it is told to", () => {
  const clock = Object.assign(clockOf(4), { speed: 2 });
  clock.advance(0.5, () => true);
  assert.equal(clock.time, 1);
});

test("it begins again where it loops, and ends where it does not, before the last moment is over", () => {
  const looping = clockOf(2);
  for (let i = 0; i < 5; i++) looping.advance(0.5, () => true);
  assert.equal(looping.time, 0.5);
  const once = Object.assign(clockOf(2), { loop: false });
  for (let i = 0; i < 5; i++) once.advance(0.5, () => true);
  assert.ok(once.time < 2 && once.time > 1.99 && once.ended && !once.playing);
});

test("it waits for what cannot come yet", () => {
  const clock = clockOf(2);
  clock.advance(0.5, (time) => time < 0.5);
  assert.equal(clock.time, 0);
});

test("it goes to any moment, and to none outside the scene", () => {
  const clock = clockOf(2);
  for (const [wanted, found] of [[1.2345, 1.2345], [-1, 0]]) {
    clock.seek(wanted);
    assert.equal(clock.position, found);
  }
  clock.seek(5);
  assert.ok(clock.time < 2);
  assert.equal(clock.words, `${clockTime(2)} / ${clockTime(2)}`);
});

test("before its length is known there is nothing to play", () => {
  const clock = new MovingClock();
  assert.equal(clock.canPlay, false);
  clock.playing = true;
  clock.advance(1, () => true);
  assert.equal(clock.time, 0);
});

// The order of drawing

test("while one moment is sorted, the order in use is that of the one before, and it may be shown until shortly after", () => {
  const order = new Order();
  order.follow({ lastSortTime: 1, sorting: true, sortDirty: false }, 0.5);
  order.follow({ lastSortTime: 1, sorting: false, sortDirty: false }, 0.5);
  order.follow({ lastSortTime: 2, sorting: true, sortDirty: true }, 0.7);
  assert.deepEqual([0.5, 0.75, 0.76, 0.4].map((time) => order.isWithin(0.25, time, 2)), [true, true, false, false]);
  order.follow({ lastSortTime: 3, sorting: true, sortDirty: false }, 0.9);
  assert.equal(order.isWithin(0.25, 0.9, 2), true);
});

test("an order of the end serves the beginning", () => {
  const order = new Order();
  order.follow({ lastSortTime: 1, sorting: true, sortDirty: false }, 1.9);
  order.follow({ lastSortTime: 1, sorting: false, sortDirty: false }, 1.9);
  assert.deepEqual([0.1, 0.2].map((time) => order.isWithin(0.25, time, 2)), [true, false]);
});
