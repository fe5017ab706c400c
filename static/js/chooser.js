// What is to be converted: files that were dropped, pasted or chosen, and at the start the example.
import { getFile } from "./api.js";
import { element, iconButton } from "./dom.js";
import { bytes } from "./words.js";

const CROSS = "M6 6l12 12M18 6L6 18";
const VIDEO_ENDINGS = /\.(mp4|m4v|mov|mkv|webm|avi|ts|mts|m2ts|insv|mpg|mpeg)$/i;
const SHOWABLE = /^image\/(jpeg|png|webp|bmp|gif|avif)$/;

/** One thing to convert. `jobId` names a job of the same file, so that it need not be sent again. */
class Item {
  constructor(name, kind, load, { url = null, size = 0, jobId = null } = {}) {
    Object.assign(this, { name, kind, load, url, size, jobId });
  }

  static of(file) {
    const kind = file.type.startsWith("video/") || VIDEO_ENDINGS.test(file.name) ? "video" : "photo";
    const url = kind === "video" || SHOWABLE.test(file.type) ? URL.createObjectURL(file) : null;
    return new Item(file.name, kind, async () => file, { url, size: file.size });
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
    return new Item(job.name, job.kind, load, { url: thumbnailUrl, jobId: job.id });
  }

  forget() {
    if (this.url?.startsWith("blob:")) URL.revokeObjectURL(this.url);
  }
}

export class Chooser {
  /** Fill `list`, listen to the whole page, and call `onChange` whenever other things are chosen, and say whether they are new. */
  constructor({ list, input, browse, drop }, onChange) {
    this.list = list;
    this.onChange = onChange;
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
    return this.items.some((item) => item.kind === "video");
  }

  add(files) {
    if (!files.length) return;
    const kept = this.isExample ? [] : this.items.filter((item) => !item.jobId); // what is converted has had its turn
    this.replace([...kept, ...files.map(Item.of)], true);
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
  }

  drawn(item) {
    const origin = item.size ? bytes(item.size) : "from the gallery";
    const words = this.isExample ? "an example to begin with" : `${item.kind}, ${origin}`;
    const remove = () => this.replace(this.items.filter((other) => other !== item));
    return element("div", { class: "chosen-item" },
      picture(item),
      element("div", { class: "chosen-words" }, element("strong", {}, item.name), element("span", { class: "muted" }, words)),
      ...(this.isExample ? [] : [iconButton(`Remove ${item.name}`, CROSS, remove)]));
  }
}

function picture(item) {
  if (!item.url) return element("div", { class: "chosen-blank" });
  const isFilm = item.kind === "video" && item.url.startsWith("blob:");
  if (!isFilm) return element("img", { src: item.url, alt: "" });
  return element("video", { src: item.url, muted: true, preload: "metadata", "aria-hidden": "true", tabindex: "-1" });
}
