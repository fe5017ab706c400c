// The published models: what they are good for, how large, under which licence, and fetching them.
import { post } from "./api.js";
import { element, smallButton } from "./dom.js";
import { bytes } from "./words.js";

const FOR_SALE = { yes: "results may be sold", no: "results may not be sold", unclear: "unclear whether results may be sold" };

const INTRODUCTION = "A small depth model is built in. The published ones see far more; they are fetched once, from Hugging Face, "
  + "and kept on the computer that this page comes from.";

export class ModelsDialog {
  constructor(dialog) {
    this.dialog = dialog;
    this.rows = new Map();
    this.list = element("ul", { class: "models" });
    dialog.append(element("div", { class: "dialog-inside" },
      element("div", { class: "dialog-head" }, element("h2", { id: "models-title" }, "Models"),
        element("button", { type: "button", class: "button", click: () => dialog.close() }, "Close")),
      element("p", { class: "muted" }, INTRODUCTION),
      this.list));
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }

  open() {
    this.dialog.showModal();
  }

  show(models) {
    for (const model of models) this.update(model);
  }

  update(model) {
    if (!this.rows.has(model.name)) {
      this.rows.set(model.name, element("li", { class: "model" }));
      this.list.append(this.rows.get(model.name));
    }
    const row = this.rows.get(model.name);
    const bar = row.querySelector("progress");
    if (bar && model.state === "fetching") {
      bar.value = model.fraction;
      row.querySelector(".model-stage").textContent = stageWords(model);
      return;
    }
    row.replaceChildren(
      element("div", { class: "model-words" },
        element("strong", {}, model.title), element("span", { class: "tag" }, model.name),
        element("p", {}, `For ${model.good_for}.`),
        element("p", { class: "muted" }, `${bytes(model.size)} · licence: ${model.licence} · ${FOR_SALE[model.commercial]}`),
        ...(model.error ? [element("p", { class: "form-error", role: "alert" }, model.error)] : [])),
      ...this.action(model));
  }

  action(model) {
    if (model.state === "installed") return [element("span", { class: "installed" }, "✓ installed")];
    if (model.state === "fetching") {
      return [element("div", { class: "model-fetching" },
        element("progress", { max: "1", value: String(model.fraction), "aria-label": `Fetching ${model.title}` }),
        element("span", { class: "model-stage muted" }, stageWords(model)),
        smallButton("Stop", () => this.act(model, "cancel")))];
    }
    const fetchIt = smallButton("Fetch", () => this.fetch(model));
    if (!model.terms || model.agreed) return [fetchIt];
    fetchIt.disabled = true;
    const agree = element("input", { type: "checkbox", change: () => (fetchIt.disabled = !agree.checked) });
    const licence = element("a", { href: model.terms, target: "_blank", rel: "noopener noreferrer" }, "licence");
    return [element("div", { class: "model-consent" },
      element("label", {}, agree, " I have read the ", licence, " and agree to it: research only."),
      fetchIt)];
  }

  /** Fetch a model; who presses the button has agreed to its terms, where there are any. */
  fetch(model) {
    return this.act(model, "fetch?agreed=true");
  }

  async act(model, what) {
    try {
      this.update(await post(`/api/models/${model.name}/${what}`));
    } catch (problem) {
      this.update({ ...model, error: problem.message });
    }
  }
}

const stageWords = (model) => (model.stage ? `${model.stage} · ${Math.floor(model.fraction * 100)} %` : "starting");
