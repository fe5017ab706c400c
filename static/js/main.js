// The page: what is chosen on the left, what came of it on the right, and the server's news in between.
import { fileUrl, frameUrl, get, post, remove, upload } from "./api.js";
import { Chooser } from "./chooser.js";
import { byId, element, icon } from "./dom.js";
import { follow } from "./feed.js";
import { Gallery } from "./gallery.js";
import { JobView } from "./job_view.js";
import { ModelsDialog } from "./models_dialog.js";
import { showOffer } from "./offer.js";
import { planWords, triedLength, walkWords } from "./plan.js";
import { SettingsForm } from "./settings_form.js";
import { ShareDialog } from "./share.js";
import { recall, remember } from "./storage.js";
import { setUpTheme } from "./theme.js";

const NO_VIEWER = "The libraries that draw scenes (three.js and Spark) are missing: they could not be fetched when SPAG-4D was "
  + "installed. Scenes can be made and downloaded all the same. To see them here, connect to a network, start run.sh or install.bat "
  + "again (or install SPAG-4D again), and reload this page.";

const NO_STAGE = "The part of this page that shows scenes could not be loaded. Reload the page to try again.";

const LEFT = "M14.5 5l-7 7 7 7";
const RIGHT = "M9.5 5l7 7-7 7";
const FOLDED = "spag4d.folded";

const query = new URLSearchParams(location.search);
const isKiosk = query.has("kiosk");

class Page {
  constructor() {
    this.jobs = new Map();
    this.awaited = new Map(); // by id: who wants to know when a job has ended
    this.current = null;
    this.stage = null; // until it is there the page can be used all the same
    document.body.classList.toggle("kiosk", isKiosk);
    setUpTheme(byId("switch-theme"));
    this.models = new ModelsDialog(byId("models"));
    this.share = new ShareDialog(byId("share"), (job) => this.savePage(job));
    this.jobView = new JobView(byId("job"), {
      cancel: (job) => this.attempt(() => post(`/api/jobs/${job.id}/cancel`)),
      remove: (job) => this.remove(job),
      again: (job) => this.again(job),
      models: () => this.models.open(),
      share: (job) => this.attempt(() => this.share.open(job)),
      make: (wish) => this.make(wish),
    });
    this.gallery = new Gallery(byId("cards"), { open: (job) => this.open(job.id), remove: (job) => this.remove(job) });
    const places = { list: byId("chosen"), input: byId("files"), browse: byId("browse"), drop: byId("drop"), onePlace: byId("one-place") };
    this.chooser = new Chooser(places, {
      onChange: (areNew) => this.onChosen(areNew), onFacts: (item) => this.onFacts(item), onProblem: (words) => this.fail(words),
      onScenes: (files) => this.openScenes(files), plan: (facts) => this.plan(facts),
      unit: { get: () => this.settings.number("depth_map_unit"), set: (metres) => this.settings.set("depth_map_unit", metres) },
    });
    byId("open-models").addEventListener("click", () => this.models.open());
    byId("new").addEventListener("click", () => this.open(null));
    byId("fold").addEventListener("click", () => this.fold(!document.body.classList.contains("folded")));
    this.fold(recall(FOLDED) === true);
    byId("make").addEventListener("submit", (event) => {
      event.preventDefault();
      this.convert();
    });
    addEventListener("popstate", () => this.show(new URLSearchParams(location.search).get("job")));
  }

  async start() {
    const [health, schema, models, jobs, formats] = await Promise.all(["health", "settings", "models", "jobs", "formats"].map((name) => get(`/api/${name}`)));
    if (!health.viewer) {
      byId("missing").textContent = NO_VIEWER;
      byId("missing").hidden = false;
    }
    this.models.show(models.models);
    showOffer(byId("offer"), models, (model) => {
      this.models.open();
      this.models.fetch(model);
    });
    this.settings = new SettingsForm(byId("settings"), byId("reset-settings"), schema, models, () => this.retell());
    this.chooser.maxBytes = health.max_upload_bytes;
    byId("gallery-note").textContent = health.keep_days ? `kept for ${Math.round(health.keep_days)} days` : "";
    this.jobView.takeaway.formats = formats;
    for (const job of jobs) this.jobs.set(job.id, job);
    this.onChosen();
    byId("convert").disabled = false;
    this.show(query.get("job"));
    follow({
      job: (job) => this.onJob(job), deleted: ({ id }) => this.onDeleted(id), model: (model) => this.onModel(model),
      lost: () => (byId("connection").hidden = false), back: () => this.onBack(),
    });
    await this.openStage(health.viewer);
  }

  async openStage(isAvailable) {
    const { Stage } = await import("./viewer/stage.js").catch((error) => {
      throw new Error(NO_STAGE, { cause: error });
    });
    const onScale = (factor) => this.attempt(() => this.rescale(this.jobs.get(this.current), factor));
    this.stage = new Stage(byId("stage"), { bare: isKiosk, spin: Number(query.get("spin")) || 0, onScale, make: (wish) => this.make(wish) });
    if (!isAvailable) this.stage.setAvailable(false, NO_VIEWER);
    this.draw();
  }

  /** Leave the scene alone in the window, or show what floats over it. */
  fold(is) {
    document.body.classList.toggle("folded", is);
    remember(FOLDED, is);
    const button = byId("fold");
    button.replaceChildren(icon(is ? RIGHT : LEFT));
    button.title = is ? "Show the panels" : "Hide the panels";
    button.setAttribute("aria-label", button.title);
    button.setAttribute("aria-expanded", String(!is));
  }

  /** After a while without news: what has changed comes by itself, but not what was deleted before a restart. */
  async onBack() {
    byId("connection").hidden = true;
    const there = await this.attempt(() => get("/api/jobs"));
    for (const id of [...this.jobs.keys()]) if (there?.every((job) => job.id !== id)) this.onDeleted(id);
  }

  onJob(job) {
    const before = this.jobs.get(job.id);
    this.jobs.set(job.id, job);
    if (job.ended_s) this.awaited.get(job.id)?.(job);
    if (before?.status !== job.status && before) announce(`${job.name}: ${job.status}`);
    this.draw();
  }

  onDeleted(id) {
    this.jobs.delete(id);
    if (this.current === id) this.open(null);
    else this.draw();
  }

  async onModel(model) {
    this.models.update(model);
    if (model.state === "fetching") return;
    this.settings.setModels(await get("/api/models"));
  }

  onChosen(areNew = false) {
    const { hasVideo, hasDepth, isOnePlace } = this.chooser;
    this.settings?.setChosen(hasVideo && !isOnePlace, hasDepth && !isOnePlace);
    this.retell();
    this.nameButton();
    this.fail("");
    if (areNew) this.open(null); // to see them
    else this.draw();
  }

  /** More is known of what was chosen: of a video that is new the beginning is tried first. */
  onFacts({ kind, facts }) {
    if (kind === "video") this.settings.suggest("duration", triedLength(facts.length_s));
  }

  /** Say what a video becomes with the settings as they are. */
  plan(facts) {
    const { outcome } = this.chooser;
    if (outcome === "place") return walkWords(facts);
    const [fps, start, duration, stride, most] = ["fps", "start", "duration", "stride", "max_splats"].map((name) => this.settings.number(name));
    return planWords(facts, { fps, start, duration, stride, max_splats: most }, [...this.jobs.values()], outcome === "clip");
  }

  /** The settings have changed: other things become of what was chosen. */
  retell() {
    if (this.settings) this.chooser.retell(this.settings.values().force_erp === "true");
  }

  /** Look at a job, and let the address say so. */
  open(id) {
    const address = id ? `/?job=${id}` : "/";
    if (location.pathname + location.search !== address) history.pushState(null, "", address);
    this.show(id);
  }

  show(id) {
    this.current = id;
    if (id && !this.jobs.has(id)) {
      this.current = null;
      this.fail("That scene is not there any more.");
    }
    this.draw();
  }

  draw() {
    const job = this.jobs.get(this.current) ?? null;
    document.title = job ? `${job.name} – SPAG-4D` : "SPAG-4D";
    this.jobView.show(job, [...this.jobs.values()].filter((one) => isMade(one) && one.of === job?.id));
    const shown = [...this.jobs.values()].filter((one) => !isMade(one) && !one.is_example);
    this.gallery.show(shown, this.current);
    document.body.classList.toggle("no-jobs", shown.length === 0);
    document.body.classList.toggle("has-job", job !== null);
    this.stage?.show(job ? viewOf(job) : this.viewOfChosen());
  }

  /** What is seen of what is chosen; of the example its scene, where that is made already. */
  viewOfChosen() {
    const example = this.chooser.isExample && [...this.jobs.values()].find((one) => one.is_example && one.status === "done");
    return example ? { ...viewOf(example), canMake: false, canAnimate: false, canScale: false } : viewOfItem(this.chooser.items[0]);
  }

  async convert() {
    const invalid = this.settings.invalid();
    if (invalid) {
      this.settings.reveal(invalid);
      this.fail(`${invalid.schema.title}: ${invalid.input.validationMessage}`);
      return;
    }
    this.fail("");
    byId("convert").disabled = true;
    const { outcome } = this.chooser;
    const wanted = outcome === "place" ? [[...this.chooser.items]] : this.chooser.items.map((item) => [item]);
    const failures = [];
    let first = null;
    for (const [number, items] of wanted.entries()) {
      try {
        const job = await this.sent(items, outcome, wanted.length > 1 ? `${number + 1} of ${wanted.length}, ` : "");
        if (items.length === 1) items[0].jobId = job.id;
        if (items.length === 1 && items[0].depth) items[0].depth.jobId = job.id;
        if (!this.jobs.has(job.id)) this.onJob(job); // its events may have been quicker
        if (!first) this.open((first = job).id);
      } catch (problem) {
        failures.push(problem.message); // and the others go on
      }
    }
    this.fail([...new Set(failures)].join(" · "));
    byId("convert").disabled = false;
    this.nameButton();
  }

  nameButton() {
    byId("new").textContent = "New scene …";
    const count = this.chooser.items.length;
    if (this.chooser.outcome === "place") byId("convert").textContent = "Make one scene";
    else byId("convert").textContent = count > 1 ? `Convert ${count} files` : "Convert";
  }

  /** Make a job of an item, or one of several items that show one place; a file that the server has already is not sent again. */
  async sent(items, outcome, which) {
    const { depth } = outcome === "apart" ? items[0] : { depth: null };
    const settings = this.settings.valuesFor(outcome === "apart" ? items[0].kind : outcome, Boolean(depth));
    await Promise.all(items.map((item) => item.inspection));
    for (const item of items) {
      const problem = this.chooser.refusalOf(item);
      if (problem) throw new Error(`${item.name}: ${problem.words}`);
    }
    if (items.some((item) => item.isForced)) settings.force_erp = true;
    const uploads = [];
    for (const [at, item] of items.entries()) uploads.push(await this.uploaded(item, items.length > 1 ? `${at + 1} of ${items.length}, ` : which));
    const depthMap = depth ? await this.uploaded(depth, which) : "";
    const forget = () => {
      for (const item of [...items, depth]) if (item) item.uploadId = null;
    };
    try {
      const kinds = { one_place: outcome === "place", one_file: outcome === "clip" };
      const job = await post("/api/jobs", { uploads, ...kinds, depth_map: depthMap, settings });
      forget(); // the job has taken them
      return job;
    } catch (problem) {
      if (problem.status === 422) forget(); // they may be there no longer
      throw problem;
    }
  }

  /** The id under which the server has the file of an item. */
  async uploaded(item, which) {
    if (item.jobId && this.jobs.has(item.jobId)) return item.jobId;
    item.uploadId ??= (await upload(await item.load(), (done, total) => {
      byId("convert").textContent = byId("new").textContent = `Sending ${which}${Math.floor((100 * done) / total)} %`;
    }, item.kind === "depth")).id;
    return item.uploadId;
  }

  /** Open scene files of any tool. */
  async openScenes(files) {
    for (const file of files) {
      await this.attempt(async () => {
        const { id } = await upload(file, (done, total) => (byId("new").textContent = `Sending ${Math.floor((100 * done) / total)} %`));
        this.came(await post("/api/jobs", { uploads: [id] }), true);
      });
      this.nameButton();
    }
  }

  /** Have something made of the scene that is looked at; a new version is looked at instead. */
  make(wish) {
    return this.attempt(async () => {
      const job = await post(`/api/jobs/${this.current}/make`, wish);
      this.came(job, ["version", "animation"].includes(wish.make));
      return job;
    });
  }

  /** A job was made; its events may have been quicker. */
  came(job, opens) {
    if (!this.jobs.has(job.id)) this.onJob(job);
    if (opens) this.open(job.id);
  }

  again(job) {
    this.chooser.useJob(job, "panorama.jpg" in job.files ? fileUrl(job, "panorama.jpg") : null);
    this.settings.fill(job.settings);
    this.open(null);
    byId("convert").focus();
  }

  /** Make a scene anew, larger by a factor. */
  async rescale(job, factor) {
    const settings = { ...this.settings.known(job.settings), global_scale: job.settings.global_scale * factor };
    const kinds = { one_place: job.kind === "place", one_file: job.kind === "clip" };
    const made = await post("/api/jobs", { uploads: [job.id], ...kinds, depth_map: job.depth_map && job.id, settings });
    if (!this.jobs.has(made.id)) this.onJob(made); // its events may have been quicker
    this.open(made.id);
  }

  /** Have a web page made of a scene, and save it. */
  async savePage(job) {
    const { id } = await post(`/api/jobs/${job.id}/make`, { make: "page" });
    const known = this.jobs.get(id);
    const ended = known?.ended_s ? known : await new Promise((resolve) => this.awaited.set(id, resolve));
    this.awaited.delete(id);
    if (ended.status !== "done") throw new Error(ended.error || "This was cancelled.");
    element("a", { href: `${fileUrl(ended, Object.keys(ended.files)[0])}?download=true`, download: "" }).click();
  }

  remove(job) {
    if (confirm(`Delete ${job.name}, with all its files?`)) this.attempt(() => remove(`/api/jobs/${job.id}`));
  }

  /** Do something, and say what went wrong if it did. */
  async attempt(action) {
    try {
      const answer = await action();
      this.fail("");
      return answer;
    } catch (problem) {
      this.fail(problem.message);
      return null;
    }
  }

  fail(words) {
    const place = byId("form-error");
    place.textContent = words;
    place.hidden = !words;
  }
}

function announce(words) {
  byId("announcer").textContent = words;
}

/** Whether a job is something to take away, made of another job's scene. */
const isMade = (job) => job.kind === "export" || job.kind === "picture";

/** What the stage shows of a job. */
function viewOf(job) {
  const url = (name) => (name in job.files ? fileUrl(job, name) : null);
  const scene = url(`scene.${job.shown}`);
  const isVideo = job.kind === "video";
  const isAnimation = job.kind === "animation";
  const moving = url("scene.4dgs");
  return {
    id: job.id, title: job.name, moving, scene: isVideo || moving ? null : scene ?? url("first-look.splat"), coarse: !isVideo && !scene,
    standIn: url("first-look.splat"),
    frames: isVideo ? Array.from({ length: job.shown ? job.frames : 0 }, (_, at) => frameUrl(job, at + 1, job.shown)) : null,
    fps: job.settings.fps, panorama: url("panorama.jpg"), depth: url("depth.jpg"),
    depthOf: isVideo ? (frame) => frameUrl(job, frame + 1, "depth.jpg") : null, pending: !job.ended_s,
    walkingRange: job.result?.walking_range_m ?? null, viewpoints: job.result?.viewpoints, collision: url("scene.collision.glb"),
    canScale: Boolean(job.ended_s) && job.kind !== "scene" && !isAnimation,
    canMake: job.status === "done" && !isVideo, canAnimate: job.status === "done" && (job.kind === "photo" || isAnimation),
    moves: isAnimation ? job.wish : null, plays: isAnimation, whole: url("scene.ply") ?? scene, start: job.start,
  };
}

/** What the stage shows of a picture that is not converted yet: the picture itself. */
function viewOfItem(item) {
  if (item?.kind !== "photo" || !item.url) return null;
  const nothing = { scene: null, standIn: null, coarse: false, frames: null, fps: 0, depth: null, pending: false };
  return { ...nothing, id: `picture ${item.url}`, title: item.name, panorama: item.url };
}

const page = new Page();
page.start().catch((problem) => page.fail(problem.message));
