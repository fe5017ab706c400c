// One job beside its scene: how far it is, what came of it, what to be warned of, and what to take away.
import { fileUrl } from "./api.js";
import { element } from "./dom.js";
import { bytes, duration, many, metres } from "./words.js";

const LABELS = { "scene.ply": "PLY", "scene.splat": "SPLAT", "depth.png": "Depth", "settings.json": "Settings", "preview.mp4": "Preview video" };
const TITLES = {
  "scene.ply": "For editors and other programs", "scene.splat": "Small, for web viewers", "depth.png": "16-bit PNG of distances, to be used again with --depth-map",
  "settings.json": "What this scene was made with", "preview.mp4": "A video to look at",
};

/** In a few words what a job is doing, for its card and its bar. */
export function statusWords(job) {
  switch (job.status) {
    case "queued": return "waiting";
    case "running": return job.stage ? `${job.stage.toLowerCase()}${job.kind === "video" && job.total > 1 ? ` ${Math.min(job.done + 1, job.total)} of ${job.total}` : ""}` : "starting";
    case "done": return "ready";
    case "failed": return "failed";
    default: return "cancelled";
  }
}

export class JobView {
  /** Show jobs in `place`; `act` has cancel, remove, again and models, each called with the job. */
  constructor(place, act) {
    this.place = place;
    this.act = act;
    this.shape = "";
  }

  show(job) {
    this.place.hidden = !job;
    if (!job) return;
    // Numbers change often, the rest seldom: so a button that has the focus is not replaced under it.
    const shape = JSON.stringify([job.id, job.status, job.warnings, job.error, job.files, job.frames > 0]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.place.replaceChildren(...this.drawn(job));
    }
    this.showProgress(job);
  }

  drawn(job) {
    return [
      element("div", { class: "job-head" }, element("h1", { class: "job-title", title: job.name }, job.name), ...this.buttons(job)),
      ...(job.status === "running" || job.status === "queued" ? [this.progress()] : []),
      ...(job.status === "failed" ? [element("p", { class: "job-error", role: "alert" }, `This could not be converted: ${job.error}`)] : []),
      ...(job.status === "cancelled" ? [element("p", { class: "muted" }, "This was cancelled.")] : []),
      ...(job.status === "done" ? [element("div", { class: "result" }, facts(job), downloads(job))] : []),
      ...(job.warnings.length ? [this.warnings(job)] : []),
    ];
  }

  buttons(job) {
    const button = (words, act, more = {}) => element("button", { type: "button", class: "button small", click: act, ...more }, words);
    if (job.status === "running" || job.status === "queued") return [button("Cancel", () => this.act.cancel(job))];
    return [
      ...(job.status === "done" ? [button("Copy link", (event) => copyLink(job, event.currentTarget))] : []),
      button("Convert again …", () => this.act.again(job), { title: "Use this file and its settings" }),
      button("Delete", () => this.act.remove(job)),
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
      const words = statusWords(job);
      this.words.textContent = `${Math.floor(job.fraction * 100)} % · ${words[0].toUpperCase()}${words.slice(1)}${job.detail ? ` (${job.detail.toLowerCase()})` : ""}${left}`;
    }
  }

  warnings(job) {
    const models = element("button", { type: "button", class: "button small", click: () => this.act.models() }, "Models …");
    return element("details", { class: "warnings" },
      element("summary", {}, element("strong", {}, "Good to know: "), job.warnings.map(inShort).join(" · ")),
      element("ul", {}, ...job.warnings.map((words) => element("li", {}, words))), models);
  }
}

/** The first clause of a warning. */
const inShort = (words) => words.split(/[,;:(]/)[0].trim();

function facts(job) {
  if (!job.result) return element("p", { class: "facts" }, `${job.frames} frames`); // all of them made before a restart
  const { splat_count: count, depth_range: range, depth_model: model, processing_time: seconds, metres_from: from, sharp } = job.result;
  const told = [
    job.kind === "video" ? `${job.frames} frames, up to ${many(count)} Gaussians each` : `${many(count)} Gaussians`,
    range ? `${metres(range[0])} to ${metres(range[1])} away` : "sky only",
    `depth by ${model}${from ? `, metres from ${from}` : ""}`,
    ...(sharp ? ["refined by SHARP (research only)"] : []),
    `made in ${duration(seconds)}`,
  ];
  return element("p", { class: "facts" }, told.join(" · "));
}

function downloads(job) {
  const links = Object.keys(LABELS).filter((name) => name in job.files).map((name) =>
    link(`${fileUrl(job, name)}?download=true`, LABELS[name], bytes(job.files[name]), TITLES[name]));
  const sequences = job.kind === "video" ? formatsOf(job).map((format) =>
    link(`/api/jobs/${job.id}/frames.zip?format=${format}`, `All frames, ${format.toUpperCase()}`, "zip", "Every frame and sequence.json")) : [];
  return element("div", { class: "downloads", role: "group", "aria-label": "Downloads" }, ...sequences, ...links);
}

const link = (href, words, size, title) => element("a", { class: "button small", href, download: "", title }, words, element("span", { class: "muted" }, size));

/** The formats of a job's scenes, the quickest to show first. */
export const formatsOf = (job) => (["auto", "both"].includes(job.settings.format) ? ["splat", "ply"] : [job.settings.format]);

async function copyLink(job, button) {
  const address = new URL(`/?job=${job.id}`, location.href).href;
  try {
    await navigator.clipboard.writeText(address);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy link"), 1500);
  } catch {
    prompt("The address of this scene:", address);
  }
}
