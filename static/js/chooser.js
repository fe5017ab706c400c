// What is to be converted: files that were dropped, pasted or chosen, and at the start the example.
import { getFile } from "./api.js";
import { DEPTH_FILES, depthRow, isDepthMap, ownerOf } from "./depth_map.js";
import { element, iconButton, smallButton } from "./dom.js";
import { inspected } from "./inspect.js";
import { isScene, SCENE_ENDINGS } from "./open_scene.js";
import { refusal, waysFor } from "./plan.js";
import { bytes } from "./words.js";

const CROSS = "M6 6l12 12M18 6L6 18";
const VIDEO_ENDINGS = /\.(mp4|m4v|mov|mkv|webm|avi|ts|mts|m2ts|insv|mpg|mpeg)$/i;
const SHOWABLE = /^image\/(jpeg|png|webp|bmp|gif|avif)$/;

/**
 * One thing to convert. `jobId` names a job of the same file, and `uploadId` what was sent and is no job yet, so that it need not be
 * sent again; `facts` are what the browser can tell of it, once it has looked; `isForced` says that it is to be taken for a full
 * sphere whatever its shape; `depth` is an item of distances of its own, or null.
 */
class Item {
  uploadId = null;
  facts = null;
  isForced = false;
  depth = null;

  constructor(name, kind, load, { url = null, size = 0, jobId = null } = {}) {
    Object.assign(this, { name, kind, load, url, size, jobId });
  }

  static of(file) {
    const kind = file.type.startsWith("video/") || VIDEO_ENDINGS.test(file.name) ? "video" : "photo";
    const url = kind === "video" || SHOWABLE.test(file.type) ? URL.createObjectURL(file) : null;
    const item = new Item(file.name, kind, async () => file, { url, size: file.size });
    item.inspection = inspected(file, kind, url).then((facts) => (item.facts = facts));
    return item;
  }

  static example() {
    const name = "courtyard.jpg";
    const load = async () => new File([await getFile("/example.jpg")], name, { type: "image/jpeg" });
    return new Item(name, "photo", load, { url: "/example.jpg" });
  }

  /** The file of a job, to be converted again with other settings. */
  static ofJob(job, thumbnailUrl) {
    const load = async () => {
      throw new Error("the file of this scene is not there any more. Choose it again.");
    };
    const item = new Item(job.name, job.kind, load, { url: thumbnailUrl, jobId: job.id });
    if (job.depth_map) item.depth = new Item(job.depth_map, "depth", load, { jobId: job.id });
    return item;
  }

  /** Take the distances of a file, or none (null). */
  takeDepth(file) {
    this.depth = file && new Item(file.name, "depth", async () => file, { size: file.size });
  }

  forget() {
    if (this.url?.startsWith("blob:")) URL.revokeObjectURL(this.url);
  }
}

export class Chooser {
  maxBytes = Infinity; // that the server takes
  forcesAll = false; // whether everything is to be taken for a full sphere
  wanted = "apart"; // of what can be made

  /**
   * Fill `list`, listen to the whole page, and call `onChange` whenever other things are chosen, and say whether they are new;
   * `onFacts` when more is known of an item; `onProblem(words)` when a file cannot be taken; `onScenes` takes files that are scenes
   * already; `plan` says what becomes of a video; `unit` is what a depth map's numbers count, in metres, with `get()` and `set(metres)`.
   */
  constructor({ list, input, browse, drop, onePlace }, { onChange, onFacts, onProblem, onScenes, plan, unit }) {
    this.list = list;
    this.onePlace = onePlace;
    Object.assign(this, { onChange, onFacts, onProblem, onScenes, plan, unit });
    input.accept += `,${DEPTH_FILES},${SCENE_ENDINGS}`;
    this.items = [Item.example()];
    this.isExample = true;
    browse.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.add([...input.files]);
      input.value = "";
    });
    this.listenToPage(drop);
    this.draw();
  }

  get hasVideo() {
    return this.items.some((item) => ["video", "clip"].includes(item.kind));
  }

  get hasDepth() {
    return this.items.some((item) => item.depth);
  }

  /** What is to be made: scenes "apart", or of all that is chosen one "place" or "clip"; see `waysFor`. */
  get outcome() {
    const { kind } = this.items[0];
    if (["place", "clip"].includes(kind)) return kind;
    return this.wanted in this.ways ? this.wanted : "apart";
  }

  get isOnePlace() {
    return this.outcome === "place";
  }

  get ways() {
    return waysFor(this.items.map((item) => item.kind));
  }

  /** Take files: pictures and videos to convert, depth maps of pictures, and scenes. */
  async add(all) {
    const scenes = all.filter(isScene);
    if (scenes.length) this.onScenes(scenes);
    const files = all.filter((file) => !isScene(file));
    const areDepths = await Promise.all(files.map(isDepthMap));
    this.addPictures(files.filter((_, at) => !areDepths[at]));
    for (const file of files.filter((_, at) => areDepths[at])) this.addDepth(file);
  }

  addDepth(file) {
    const pictures = this.isExample ? [] : this.items.filter((item) => item.kind === "photo");
    const owner = ownerOf(file.name, pictures);
    if (!owner) {
      this.onProblem(`Which picture does ${file.name} belong to? Choose the picture, then add its depth map to it.`);
      return;
    }
    owner.takeDepth(file);
    this.draw();
    this.onChange(true);
  }

  addPictures(files) {
    if (!files.length) return;
    const kept = this.isExample ? [] : this.items.filter((item) => !item.jobId); // what is converted has had its turn
    const added = files.map(Item.of);
    this.replace([...kept, ...added], true);
    for (const item of added) item.inspection.then(() => this.items.includes(item) && (this.draw(), this.onFacts(item)));
  }

  /** Why an item is certain to be refused, or null. */
  refusalOf(item) {
    return item.facts && refusal(item.facts, { maxBytes: this.maxBytes, isForced: this.forcesAll || item.isForced });
  }

  useJob(job, thumbnailUrl) {
    this.replace([Item.ofJob(job, thumbnailUrl)]);
  }

  replace(items, areNew = false) {
    for (const old of this.items) if (!items.includes(old)) old.forget();
    this.items = items.length ? items : [Item.example()];
    this.isExample = !items.length;
    this.draw();
    this.onChange(areNew);
  }

  listenToPage(drop) {
    const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
    const mark = (is) => drop.classList.toggle("over", is);
    addEventListener("dragover", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      mark(true);
    });
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) mark(false);
    });
    addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      mark(false);
      this.add([...event.dataTransfer.files]);
    });
    addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length) this.add(files);
    });
  }

  draw() {
    this.list.classList.toggle("many", this.items.length > 1);
    this.list.replaceChildren(...this.items.map((item) => this.drawn(item)));
    this.drawChoice();
  }

  drawChoice() {
    const ways = Object.entries(this.ways);
    this.onePlace.hidden = !ways.length;
    const option = ([way, words]) => element("label", {},
      element("input", { type: "radio", name: "one-place", checked: this.outcome === way, change: () => this.choose(way) }), words);
    this.onePlace.replaceChildren(element("legend", { class: "visually-hidden" }, "What to make"), ...ways.map(option));
  }

  choose(way) {
    this.wanted = way;
    this.draw();
    this.onChange(false);
  }

  refused(item, { words, canForce }) {
    const force = () => {
      item.isForced = true;
      this.draw();
    };
    return [element("span", { class: "chosen-problem" }, words), ...(canForce ? [smallButton("Use as a full sphere", force)] : [])];
  }

  /** Say anew what becomes of the items: the settings have changed. */
  retell(forcesAll) {
    if (forcesAll !== this.forcesAll) {
      this.forcesAll = forcesAll;
      this.draw();
    }
    for (const [at, item] of this.items.entries()) {
      const place = this.list.children[at]?.querySelector(".chosen-plan");
      if (place) place.textContent = this.plan(item.facts);
    }
  }

  drawn(item) {
    const origin = item.size ? bytes(item.size) : "from the gallery";
    const kind = { place: "one place", clip: "video" }[item.kind] ?? item.kind;
    const words = this.isExample ? "an example to begin with" : `${kind}, ${origin}`;
    const problem = this.refusalOf(item);
    const remove = () => this.replace(this.items.filter((other) => other !== item));
    const takesDepth = item.kind === "photo" && !this.isExample && !this.isOnePlace;
    return element("div", { class: `chosen-item ${item.kind}` },
      picture(item),
      element("div", { class: "chosen-words" }, element("strong", {}, item.name), element("span", { class: "muted" }, words),
        ...(item.kind === "video" && item.facts && !problem ? [element("span", { class: "chosen-plan" }, this.plan(item.facts))] : []),
        ...(problem ? this.refused(item, problem) : [])),
      ...(this.isExample ? [] : [iconButton(`Remove ${item.name}`, CROSS, remove)]),
      ...(takesDepth ? [this.depthRowOf(item)] : []));
  }

  depthRowOf(item) {
    const take = (file) => {
      item.takeDepth(file);
      this.draw();
      this.onChange(false);
    };
    return depthRow(item.depth, this.unit.get(), { onChoose: take, onUnit: (metres) => this.unit.set(metres), onRemove: () => take(null) });
  }
}

function picture(item) {
  if (!item.url) return element("div", { class: "chosen-blank" });
  const isFilm = item.kind === "video" && item.url.startsWith("blob:");
  if (!isFilm) {
    const blank = (event) => event.target.replaceWith(element("div", { class: "chosen-blank" })); // what cannot be read shows nothing
    return element("img", { src: item.url, alt: "", error: blank });
  }
  const firstFrame = `${item.url}#t=0.001`; // without a time, phones show none
  return element("video", { src: firstFrame, muted: true, preload: "metadata", "aria-hidden": "true", tabindex: "-1" });
}
