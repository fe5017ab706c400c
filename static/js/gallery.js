// The scenes of this server, the newest first.
import { fileUrl } from "./api.js";
import { element, iconButton } from "./dom.js";
import { statusWords } from "./job_view.js";

const BIN = "M5 7h14M10 4h4M7 7l1 13h8l1-13M10 11v5M14 11v5";

export class Gallery {
  /** Fill `list` with cards; `open` and `remove` are called with a job. */
  constructor(list, { open, remove }) {
    this.list = list;
    this.open = open;
    this.remove = remove;
    this.cards = new Map();
    this.current = null;
  }

  /** Show these jobs, oldest first, the one that is looked at marked. */
  show(jobs, current) {
    for (const [id, card] of this.cards) {
      if (jobs.some((job) => job.id === id)) continue;
      card.place.remove();
      this.cards.delete(id);
    }
    for (const job of jobs) {
      if (!this.cards.has(job.id)) {
        const card = new Card(job, this.open, this.remove);
        this.cards.set(job.id, card);
        this.list.prepend(card.place);
      }
      this.cards.get(job.id).show(job, job.id === current);
    }
    if (current !== this.current) this.scrollTo(this.cards.get(current));
    this.current = current;
  }

  /** Bring a card to the middle of the strip, and scroll nothing but that. */
  scrollTo(card) {
    if (!card) return;
    const middleOf = ({ left, width }) => left + width / 2;
    this.list.scrollLeft += middleOf(card.place.getBoundingClientRect()) - middleOf(this.list.getBoundingClientRect());
  }
}

class Card {
  constructor(job, open, remove) {
    this.picture = element("div", { class: "card-picture" });
    this.status = element("span", { class: "card-status" });
    this.bar = element("progress", { max: "1", value: "0", "aria-hidden": "true" });
    this.button = element("button", { type: "button", class: "card-open", click: () => open(this.job) },
      this.picture, element("span", { class: "card-name" }, job.name), this.status, this.bar);
    this.bin = iconButton(`Delete ${job.name}`, BIN, () => remove(this.job), { class: "button icon card-bin" });
    this.place = element("li", { class: "card" }, this.button, this.bin);
  }

  show(job, isCurrent) {
    this.job = job;
    this.place.dataset.status = job.status;
    this.button.setAttribute("aria-current", String(isCurrent));
    this.status.textContent = statusWords(job);
    this.bar.hidden = job.status !== "running";
    this.bar.value = job.fraction;
    this.bin.hidden = job.status === "running" || job.status === "queued";
    if ("thumbnail.jpg" in job.files && !this.picture.firstChild) {
      this.picture.append(element("img", { src: fileUrl(job, "thumbnail.jpg"), alt: "", loading: "lazy" }));
    }
  }
}
