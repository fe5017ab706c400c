// One job beside its scene: how far it is, what came of it, what to be warned of, and what to take away.
import { fileUrl } from "./api.js";
import { element, icon, smallButton } from "./dom.js";
import { cardOf } from "./open_scene.js";
import { Takeaway } from "./takeaway.js";
import { bytes, duration, many, metres } from "./words.js";

/** What can be taken away beside the scenes, by file: its name, and what it is good for. */
const DOWNLOADS = {
  "depth.png": ["Depth", "Distances in metres, in a 16-bit PNG"],
  "preview.mp4": ["Preview video", "A video to look at"],
  "settings.json": ["Settings", "What this scene was made with"],
};

const TRIANGLE = "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.2";

/** In a few words what a job is doing, for its card and its bar. */
export function statusWords(job) {
  switch (job.status) {
    case "queued": return "waiting";
    case "running": return stageWords(job);
    case "done": return "ready";
    case "failed": return "failed";
    default: return "cancelled";
  }
}

/** What a stage does, in the words of people who do not know how. */
const STAGES = {
  Reading: "reading", "Looking around": "looking around", Checking: "checking what it is", Drawing: "drawing", Caps: "filling floor and sky", Depth: "measuring distances", Detail: "measuring distances closely",
  Poses: "finding where the pictures were taken", Parallax: "measuring distances between pictures", Scale: "finding the scale",
  "First look": "making a first look", Edges: "sharpening outlines", Poles: "removing the tripod", Gaussians: "building surfaces",
  SHARP: "refining with SHARP", "Sky dome": "painting the sky", Joining: "joining", Steadying: "steadying",
  "Walking range": "trying how far one can walk", Writing: "saving", "Writing depth": "saving the distances", Frames: "frame",
  "Finding the camera's turns": "finding how the camera turned", "What stands": "finding what stands", Motion: "setting it in motion",
};

function stageWords({ stage, kind, done, total }) {
  if (!stage) return "starting";
  const isCounted = kind === "video" || (kind === "clip" && stage === "Frames");
  const which = isCounted && total > 1 ? ` ${Math.min(done + 1, total)} of ${total}` : "";
  return (STAGES[stage] ?? stage.toLowerCase()) + which;
}

export class JobView {
  /** Show jobs in `place`; `act` has cancel, remove, again, share and models, each called with a job, and `make(wish)`. */
  constructor(place, act) {
    this.place = place;
    this.act = act;
    this.shape = "";
    this.takeaway = new Takeaway(act);
  }

  /** Show a job, with what was `made` of its scene. */
  show(job, made) {
    this.place.hidden = !job;
    if (!job) return;
    // All but the progress stays as it is until the status changes, so that a button that has the focus is not replaced under it.
    const shape = `${job.id} ${job.status}`;
    if (shape !== this.shape) {
      this.shape = shape;
      this.place.replaceChildren(...this.drawn(job));
    }
    this.showProgress(job);
    this.takeaway.show(job, made);
  }

  drawn(job) {
    return [
      element("div", { class: "job-head" }, element("h1", { class: "job-title", title: job.name }, job.name), ...this.buttons(job)),
      ...(job.status === "running" || job.status === "queued" ? [this.progress()] : []),
      ...(job.status === "failed" ? [failure(job)] : []),
      ...(job.status === "cancelled" ? [element("p", { class: "muted" }, "This was cancelled.")] : []),
      ...(job.status === "done" ? [element("div", { class: "result" }, facts(job), downloads(job))] : []),
      ...(job.status === "done" ? [...cardOf(job, (edits) => this.act.make({ make: "version", edits })), this.takeaway.element] : []),
      ...(job.ended_s && job.warnings.length ? [this.warnings(job)] : []),
    ];
  }

  buttons(job) {
    if (job.status === "running" || job.status === "queued") return [smallButton("Cancel", () => this.act.cancel(job))];
    return [
      ...(job.status === "done" ? [element("button", { type: "button", class: "button small primary", click: () => this.act.share(job) }, "Share …")] : []),
      ...(job.kind === "scene" || job.of ? [] : [smallButton("Convert again …", () => this.act.again(job), "Use this file and its settings")]),
      smallButton("Delete", () => this.act.remove(job)),
    ];
  }

  progress() {
    this.bar = element("progress", { max: "1", value: "0", "aria-label": "Progress" });
    this.words = element("p", { class: "progress-words" });
    return element("div", { class: "job-progress" }, this.bar, this.words);
  }

  showProgress(job) {
    if (job.status === "queued") {
      this.bar.removeAttribute("value");
      this.words.textContent = "Waiting for its turn";
    } else if (job.status === "running") {
      this.bar.value = job.fraction;
      const left = job.left_s === null ? "" : ` · about ${duration(Math.max(job.left_s, 1))} left`;
      const detail = job.detail ? ` (${job.detail.toLowerCase()})` : "";
      this.words.textContent = `${Math.floor(job.fraction * 100)} % · ${statusWords(job)}${detail}${left}`;
    }
  }

  warnings(job) {
    return element("details", { class: "warnings" },
      element("summary", {}, icon(TRIANGLE), element("span", {}, element("span", { class: "visually-hidden" }, "Good to know: "),
        job.warnings.map(inShort).join(" · "))),
      element("ul", {}, ...job.warnings.map((words) => element("li", {}, words))),
      smallButton("Models …", () => this.act.models()));
  }
}

const failure = (job) => element("p", { class: "job-error", role: "alert" }, `This could not be converted: ${job.error}`);

/** The first clause of a warning. */
const inShort = (words) => words.split(/[,;:(]/)[0].trim();

function facts(job) {
  if (!job.result) return element("p", { class: "facts" }, job.kind === "video" ? `${job.frames} frames` : ""); // made before a restart
  const made = job.result;
  const count = many(made.splat_count);
  if (job.kind === "scene") return element("p", { class: "facts" }, [`${count} Gaussians`, ...walkWords(made.walking_range_m)].join(" · "));
  const lines = [
    job.kind === "video" ? `${job.frames} frames, up to ${count} Gaussians each` : `${count} Gaussians`,
    made.depth_range ? `${metres(made.depth_range[0])} to ${metres(made.depth_range[1])} away` : "sky only",
    job.depth_map ? `distances from ${job.depth_map}` : `distances by ${made.depth_model === "builtin" ? "the built-in model" : made.depth_model}${made.metres_from ? `, metres from ${made.metres_from}` : ""}`,
    ...(made.scale_sigma ? [`sizes about right to ±${Math.max(1, Math.round(100 * Math.expm1(made.scale_sigma)))} %`] : []),
    ...(made.sharp ? ["refined by SHARP (research only)"] : []),
    ...walkWords(made.walking_range_m),
    `made in ${duration(made.processing_time)}`,
  ];
  return element("p", { class: "facts" }, lines.join(" · "));
}

/** How far you can walk before gaps open: the shortest of the four ways on the level. */
function walkWords(ranges) {
  const level = ["+x", "-x", "+z", "-z"].map((name) => ranges?.[name]).filter((range) => range !== undefined);
  return level.length ? [`holds up ${metres(Math.min(...level))} around the camera`] : [];
}

function downloads(job) {
  const scenes = Object.entries(job.downloads).map(([format, words]) => [`scene.${format}`, words]);
  const files = [...scenes, ...Object.entries(DOWNLOADS)].filter(([name]) => name in job.files).map(([name, [words, title]]) =>
    link(`${fileUrl(job, name)}?download=true`, words, bytes(job.files[name]), title));
  const archives = (job.kind === "video" ? job.formats : []).map((format) =>
    link(`/api/jobs/${job.id}/frames.zip?format=${format}`, `All frames, ${job.downloads[format][0]}`, "zip", "With sequence.json"));
  return element("div", { class: "downloads", role: "group", "aria-label": "Downloads" }, ...archives, ...files);
}

function link(href, words, size, title) {
  return element("a", { class: "button small", href, download: "", title }, words, element("span", { class: "muted" }, size));
}
