// What is known of a file before it is sent: whether it is certain to be refused, and what a video comes to. Pure: facts in, words out.
import { bytes, duration, roughly } from "./words.js";

const TOLERANCE = 0.01; // of the ratio of a picture's sides, as the server's
const VIDEO_RATIOS = [2, 1, 4]; // one eye, two above each other, two beside each other
const TRIED_S = 2;
const WALK_STEP_S = 0.5; // between the panoramas that the server takes of a walk

/** A guess at what a computer without a graphics card takes, until a job here tells better. */
const GUESS = { fixed_s: 3, perGaussian_s: 8e-6 };
const GAUSSIANS_PER_PLACE = 0.75; // of each pixel that the stride leaves, about: the sky has fewer

/**
 * Why a file is certain to be refused, or null.
 * @param facts `size` in bytes; `width`, `height`, `length_s` where this browser can tell, else null; `isPart` where the picture
 *   says itself which part of the sphere it shows
 * @returns `words`, and `canForce` where it can be taken for a full sphere all the same
 */
export function refusal({ kind, size, width, height, length_s, isPart }, { maxBytes, isForced }) {
  if (size > maxBytes) return { words: `${bytes(size)} are too many: this server takes files of ${bytes(maxBytes)} at most.`, canForce: false };
  if (kind === "video" && length_s !== null && !(length_s > 0)) return { words: "This video has no length: nothing of it can be shown.", canForce: false };
  if (isForced || isPart || !width || isPanorama(kind, width / height)) return null;
  return { words: `This is ${width} × ${height}. A full panorama is twice as wide as high.`, canForce: true };
}

function isPanorama(kind, ratio) {
  return (kind === "video" ? VIDEO_RATIOS : [2]).some((usual) => Math.abs(ratio / usual - 1) <= TOLERANCE);
}

/** How much of a new video to convert, in seconds: enough to see how it turns out; null for all of it. */
export const triedLength = (length_s) => (length_s !== null && length_s <= TRIED_S ? null : TRIED_S);

/** How many scenes a part of a video makes; null where that is unknown. */
export function framesOf(length_s, { start, duration: wanted, fps }) {
  if (!(length_s > start) || !(fps > 0)) return null;
  return Math.ceil(Math.min(length_s - start, wanted ?? Infinity) * fps - 1e-6);
}

/**
 * About how many seconds the scenes of a video take.
 * @param jobs of this server: the newest video that is done tells how quick it is, or else the newest photo
 * @returns `seconds`, and whether they were `measured` here
 */
export function estimate(frames, { width, height }, { stride, max_splats }, jobs) {
  const places = (width * height) / stride ** 2;
  const gaussians = Math.min(GAUSSIANS_PER_PLACE * places, max_splats ?? Infinity);
  const ended = jobs.filter((job) => job.result?.splat_count && job.result.processing_time > 0);
  const done = ended.filter((job) => job.kind === "video").at(-1) ?? ended.at(-1);
  if (!done) return { seconds: frames * (GUESS.fixed_s + GUESS.perGaussian_s * gaussians), measured: false };
  const { processing_time, stage_times, splat_count } = done.result;
  const made = done.kind === "video" ? Math.max(1, done.frames) : 1;
  const fixed = Math.min(stage_times.Depth ?? 0, processing_time); // a network looks at pictures of one size
  return { seconds: (frames / made) * (fixed + ((processing_time - fixed) * gaussians) / splat_count), measured: true };
}

/** What is said of a video: its length, how many scenes (or frames of one `isClip`) are made of how much of it, and how long that takes. */
export function planWords(facts, settings, jobs, isClip = false) {
  if (facts.length_s === null) return "This browser cannot look into it; the server can.";
  const frames = framesOf(facts.length_s, settings);
  if (frames === null) return `It is ${inSeconds(facts.length_s)} long: begin before its end.`;
  const part = Math.min(settings.duration ?? Infinity, facts.length_s - settings.start);
  const { seconds, measured } = estimate(frames, facts, settings, jobs);
  const whole = part >= facts.length_s ? "All of it" : `${inSeconds(part)} of ${inSeconds(facts.length_s)}`;
  const what = isClip ? "frame" : "scene";
  return `${whole}: ${frames} ${frames === 1 ? what : `${what}s`}, ${measured ? "about" : "perhaps"} ${roughly(seconds)}`;
}

/**
 * What can be made of what was chosen: words by what it is, a scene "apart" for each file or frame, one "place", or one "clip" in which
 * things move; empty where there is no choice.
 * @param kinds of what was chosen
 */
export function waysFor(kinds) {
  if (kinds.length === 1 && kinds[0] === "video") {
    return {
      apart: "A scene for every frame, in which things move", clip: "One scene in one file, in which things move",
      place: "One scene of a walk with the camera",
    };
  }
  if (kinds.length < 2 || kinds.some((kind) => kind !== "photo")) return {};
  return { apart: `${kinds.length} separate scenes`, place: "One scene: they show one place, a step or two apart" };
}

/** What is said of a video of a walk, of which one scene is made. */
export function walkWords(facts) {
  if (!(facts.length_s > 0)) return "This browser cannot look into it; the server can.";
  const count = Math.floor(facts.length_s / WALK_STEP_S) + 1;
  return `All ${inSeconds(facts.length_s)}: one scene of about ${count} panoramas`;
}

const inSeconds = (value) => (value < 60 ? `${Math.round(10 * value) / 10} s` : duration(value));
