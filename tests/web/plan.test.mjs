// What the page knows of a file before it is sent. To be run with `node --test`.

import assert from "node:assert/strict";
import test from "node:test";
import { isDepthMap, ownerOf } from "../../static/js/depth_map.js";
import { estimate, framesOf, planWords, refusal, triedLength, walkWords, waysFor } from "../../static/js/plan.js";
import { roughly } from "../../static/js/words.js";

const LIMITS = { maxBytes: 4e9, isForced: false };
const photo = (width, height, more = {}) => ({ kind: "photo", size: 1e6, width, height, length_s: null, isPart: false, ...more });
const video = (width, height, length_s) => ({ ...photo(width, height), kind: "video", length_s });

for (const [name, facts] of Object.entries({
  "a panorama": photo(4096, 2048),
  "a panorama that is nearly 2:1": photo(4056, 2048),
  "a part of a sphere that says which": photo(3000, 1000, { isPart: true }),
  "a picture that this browser does not know": photo(null, null),
  "a video of two eyes above each other": video(4096, 4096, 3),
  "a video that this browser does not know": video(null, null, null),
})) {
  test(`${name} is not refused`, () => assert.equal(refusal(facts, LIMITS), null));
}

for (const [name, facts] of Object.entries({ "a picture of 3:2": photo(300, 200), "a video of 16:9": video(1920, 1080, 3) })) {
  test(`${name} is refused, unless it is to be taken for a full sphere`, () => {
    assert.deepEqual(refusal(facts, LIMITS).canForce, true);
    assert.equal(refusal(facts, { ...LIMITS, isForced: true }), null);
  });
}

test("what is too large is refused in any case, with both sizes", () => {
  const { words, canForce } = refusal(photo(4096, 2048, { size: 5.2e9 }), { ...LIMITS, isForced: true });
  assert.match(words, /5\.2 GB.*4\.0 GB/);
  assert.equal(canForce, false);
});

test("a video without length is refused", () => assert.match(refusal(video(4096, 2048, 0), LIMITS).words, /no length/));

test("of a video two seconds are tried, and a shorter one whole", () => {
  assert.deepEqual([35, 1.5, null].map(triedLength), [2, null, 2]);
});

const SETTINGS = { start: 0, duration: 2, fps: 10, stride: 2, max_splats: null };

test("as many scenes are told as the server makes", () => {
  assert.equal(framesOf(35, SETTINGS), 20);
  assert.equal(framesOf(35, { ...SETTINGS, duration: null }), 350);
  assert.equal(framesOf(35, { ...SETTINGS, start: 34.5 }), 5);
  assert.equal(framesOf(0.55, { ...SETTINGS, duration: null }), 6);
  assert.equal(framesOf(35, { ...SETTINGS, start: 35 }), null);
});

const job = (kind, processing_time, splat_count, frames = 0) =>
  ({ kind, frames, result: { processing_time, splat_count, stage_times: { Depth: 0.2 * processing_time } } });

test("the time goes by the newest video that was made here, or else by a photo, and by the number of Gaussians", () => {
  const size = { width: 4000, height: 2000 };
  const alike = (0.75 * 8e6) / 4;
  const jobs = [job("video", 100, alike, 10), job("photo", 7, alike)];
  assert.deepEqual(estimate(20, size, SETTINGS, jobs), { seconds: 200, measured: true });
  assert.equal(estimate(20, size, SETTINGS, jobs.slice(1)).seconds, 140);
  assert.ok(Math.abs(estimate(20, size, { ...SETTINGS, stride: 4 }, jobs).seconds - 200 * (0.2 + 0.8 / 4)) < 1e-6);
  assert.equal(estimate(20, size, SETTINGS, [{ kind: "photo", result: null }]).measured, false);
});

test("a guess is said no more exactly than it is", () => {
  assert.deepEqual([0.2, 42.4, 118, 1972, 7300].map(roughly), ["1 s", "42 s", "2 min", "33 min", "2 h 2 min"]);
});

test("a plan is said in a few words", () => {
  assert.equal(planWords(video(4000, 2000, 35), SETTINGS, [job("photo", 7, 1.5e6)]), "2 s of 35 s: 20 scenes, about 2 min 20 s");
  assert.match(planWords(video(4000, 2000, 1.25), { ...SETTINGS, duration: null }, []), /^All of it: 13 scenes, perhaps /);
  assert.match(planWords(video(4000, 2000, 35), { ...SETTINGS, start: 40 }, []), /begin before its end/);
});

test("several pictures, or a video, may be one place; a picture alone or a mixture may not", () => {
  assert.match(waysFor(["photo", "photo", "photo"]).apart, /^3 separate/);
  assert.deepEqual(Object.keys(waysFor(["photo", "photo"])), ["apart", "place"]);
  assert.match(waysFor(["video"]).place, /walk/);
  for (const kinds of [["photo"], ["photo", "video"], ["video", "video"], ["place"], ["clip"]]) assert.deepEqual(waysFor(kinds), {});
});

test("a video may be one file, and its plan counts frames then", () => {
  assert.match(waysFor(["video"]).clip, /in one file/);
  assert.match(planWords(video(4000, 2000, 35), SETTINGS, [], true), /: 20 frames, /);
});

test("a walk is one scene of a panorama every half second", () => {
  assert.equal(walkWords(video(2000, 1000, 3.2)), "All 3.2 s: one scene of about 7 panoramas");
  assert.match(walkWords(video(null, null, null)), /the server can/);
});

// Depth maps

const files = (...names) => names.map((name) => ({ name }));

test("a depth map goes to the picture whose name its own begins with, or to the only one", () => {
  const pictures = files("room.jpg", "room 2.jpg", "hall.png");
  assert.equal(ownerOf("room 2_depth.npy", pictures).name, "room 2.jpg");
  assert.equal(ownerOf("room.exr", pictures).name, "room.jpg");
  assert.equal(ownerOf("scan.npy", pictures), null);
  assert.equal(ownerOf("scan.npy", files("room.jpg")).name, "room.jpg");
  assert.equal(ownerOf("scan.npy", []), null);
});

test("a file is a depth map by its kind, its name or sixteen bits of grey", async () => {
  const png = (bits, colours) => new File([new Uint8Array([0x89, ...Array(23).fill(0), bits, colours])], "a.png");
  const named = (name) => new File(["x"], name);
  assert.deepEqual(await Promise.all([named("a.NPY"), named("a_depth.tif"), png(16, 0)].map(isDepthMap)), [true, true, true]);
  assert.deepEqual(await Promise.all([named("a.tif"), named("depth.jpg"), png(16, 2), png(8, 0)].map(isDepthMap)), [false, false, false, false]);
});
