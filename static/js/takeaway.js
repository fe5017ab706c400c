// What can be made of a finished scene to take away, and what has been: other formats, a web page, pictures and films.
import { fileUrl } from "./api.js";
import { element, iconButton, smallButton } from "./dom.js";
import { CROSS } from "./viewer/icons.js";
import { bytes, duration } from "./words.js";

/** Bytes that a Gaussian without view-dependent colour takes about, where that can be said before: of compact ones it varies by a third. */
const ABOUT_BYTES = { ply: 56, splat: 32, spz: 15, "compressed.ply": 17, sog: 10, glb: 56 };

const MADE = { page: "Web page", still: "Picture", film: "Video", version: "New version" };

/** What a job has made of a scene, in words. */
function nameOf({ wish }, formats) {
  if (wish.make === "file") return formats[wish.format]?.label ?? wish.format;
  return wish.make === "still" && wish.panorama ? "360° picture" : MADE[wish.make];
}

export class Takeaway {
  #asked = new Set(); // jobs whose files are saved as soon as they are there
  #rows = new Map();
  #shape = "";

  /** @param act `make(wish)` returns the new job, or null; `cancel` and `remove` take one */
  constructor(act) {
    this.act = act;
    this.formats = {};
    this.choices = element("div", { class: "downloads", role: "group", "aria-label": "More to take away" });
    this.list = element("ul", { class: "made" });
    this.element = element("div", { class: "takeaway" }, this.choices, this.list);
  }

  /** Show what can be made of a job, and what `made` of it already, which are jobs as well. */
  show(job, made) {
    const shape = `${job.id} ${Object.keys(job.files)} ${Object.keys(this.formats)}`;
    if (shape !== this.#shape) this.#drawChoices(job);
    this.#shape = shape;
    for (const [id, row] of this.#rows) if (!made.some((one) => one.id === id)) (row.place.remove(), this.#rows.delete(id));
    for (const one of made) this.#showRow(one);
    this.list.hidden = !made.length;
  }

  #drawChoices(job) {
    const isOne = Object.keys(job.files).some((name) => /^scene\.(?!collision)/.test(name));
    const count = job.result?.splat_count;
    const others = Object.entries(this.formats).filter(([name]) => !(`scene.${name}` in job.files));
    const option = ([name, { label, purpose }]) => element("option", { value: name, title: purpose },
      count && ABOUT_BYTES[name] ? `${label}, about ${bytes(count * ABOUT_BYTES[name])}` : label);
    const more = element("select", { class: "button small", "aria-label": "More formats", change: () => {
      this.#ask({ make: "file", format: more.value });
      more.value = "";
    } }, element("option", { value: "" }, "More formats …"), ...others.map(option));
    const page = smallButton("Web page", () => this.#ask({ make: "page" }), "One .html file with the scene and its viewer, which opens anywhere");
    this.choices.replaceChildren(...(isOne && others.length && !("scene.4dgs" in job.files) ? [more] : []), ...(isOne ? [page] : []));
  }

  async #ask(wish) {
    const job = await this.act.make(wish);
    if (job) this.#asked.add(job.id);
  }

  #showRow(job) {
    if (!this.#rows.has(job.id)) {
      const row = { status: "", place: element("li", { class: "made-one" }) };
      this.#rows.set(job.id, row);
      this.list.append(row.place);
    }
    const row = this.#rows.get(job.id);
    if (row.status !== job.status) this.#drawRow(row, job);
    row.status = job.status;
    if (job.status !== "running") return;
    row.bar.value = job.fraction;
    row.left.textContent = job.left_s === null ? `${Math.floor(100 * job.fraction)} %` : `${duration(Math.max(job.left_s, 1))} left`;
  }

  #drawRow(row, job) {
    const name = nameOf(job, this.formats);
    const file = Object.keys(job.files)[0];
    row.bar = element("progress", { max: "1", "aria-label": `Progress of ${name}` });
    row.left = element("span", { class: "muted" }, job.status === "queued" ? "waiting" : "");
    const url = file && `${fileUrl(job, file)}?download=true`;
    const parts = {
      done: () => [element("a", { class: "button small", href: url, download: "" }, name, element("span", { class: "muted" }, bytes(job.files[file])))],
      failed: () => [element("span", { class: "made-fault", role: "alert" }, `${name}: ${job.error}`)],
      cancelled: () => [element("span", { class: "muted" }, `${name}: cancelled`)],
    }[job.status] ?? (() => [element("span", {}, name), row.bar, row.left]);
    const away = iconButton(job.ended_s ? `Delete ${name}` : `Cancel ${name}`, CROSS, () => (job.ended_s ? this.act.remove(job) : this.act.cancel(job)));
    row.place.dataset.status = job.status;
    row.place.replaceChildren(...parts(), away);
    if (job.status === "done" && this.#asked.delete(job.id)) element("a", { href: url, download: "" }).click();
  }
}
