// The settings, drawn from the server's description of them.
import { Choices } from "./choices.js";
import { element } from "./dom.js";
import { recall, remember } from "./storage.js";

const KEY = "spag4d.settings";
const VIDEO_GROUP = "Video";
const OF_SEQUENCES = ["format", "stabilize", "temporal_alpha"]; // without effect on a video that becomes one file
const SHARP_GROUP = "SHARP";
const OF_DEPTH_MAP = "depth_map_unit";
const OF_ANY_MODEL = ["depth_model", "depth_tiles"]; // nothing that a depth map leaves anything to do

/** What kind of control a setting gets; a type beside null has a default that depends on something. */
function typeOf(schema) {
  const options = schema.anyOf ?? [schema];
  return options.find((option) => option.type !== "null").type;
}

const boundsOf = (schema) => (schema.anyOf ?? [schema]).find((option) => option.type !== "null");

class Control {
  constructor(name, schema, onChange) {
    this.name = name;
    this.schema = schema;
    this.type = typeOf(schema);
    this.id = `setting-${name}`;
    this.input = this.made(onChange);
    this.row = this.drawn(onChange);
  }

  get isMaybe() {
    return this.type === "boolean" && this.schema.default === null;
  }

  made(onChange) {
    const help = { id: this.id, name: this.name, "aria-describedby": `${this.id}-help` };
    let input;
    if (this.schema.enum) {
      input = element("select", help, ...this.schema.enum.map((choice) => element("option", { value: choice }, choice)));
    } else if (this.isMaybe) {
      const choices = [["", "if installed"], ["true", "on"], ["false", "off"]];
      input = element("select", help, ...choices.map(([value, words]) => element("option", { value }, words)));
    } else if (this.type === "boolean") {
      input = element("input", { ...help, type: "checkbox", class: "switch", role: "switch" });
    } else if (this.type === "string") {
      input = element("input", { ...help, type: "text", spellcheck: "false", autocomplete: "off" });
    } else {
      input = this.numberInput(help);
    }
    input.addEventListener("input", onChange);
    return input;
  }

  numberInput(help) {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = boundsOf(this.schema);
    return element("input", {
      ...help, type: "number", inputmode: "decimal", step: this.type === "integer" ? "1" : "any",
      min: minimum ?? exclusiveMinimum, max: maximum ?? exclusiveMaximum,
      placeholder: this.schema.default === null ? "all" : null,
    });
  }

  /** A slider beside the number, where both ends are known. */
  slider(onChange) {
    const { min, max } = this.input;
    if (this.input.type !== "number" || min === "" || max === "") return null;
    const step = this.type === "integer" ? "1" : "0.01";
    const slider = element("input", { type: "range", min, max, step, "aria-hidden": "true", tabindex: "-1" });
    slider.addEventListener("input", () => {
      this.input.value = slider.value;
      onChange();
    });
    this.input.addEventListener("input", () => (slider.value = this.input.value));
    return slider;
  }

  drawn(onChange) {
    const { title, description, unit } = this.schema;
    this.range = this.slider(onChange);
    const reset = () => {
      this.set(undefined);
      onChange();
      this.input.focus();
    };
    const name = `Reset ${title}`;
    this.back = element("button", { type: "button", class: "back", title: name, "aria-label": name, hidden: true, click: reset }, "↺");
    const parts = [this.range, this.input, unit && element("span", { class: "unit" }, unit)].filter(Boolean);
    return element("div", { class: "setting" },
      element("div", { class: "setting-row" },
        element("label", { for: this.id }, title), this.back, element("span", { class: "setting-value" }, ...parts)),
      element("p", { class: "help", id: `${this.id}-help` }, description));
  }

  /** The value as text, or "" where it is the default. */
  get value() {
    const raw = this.input.type === "checkbox" ? String(this.input.checked) : this.input.value.trim();
    return raw === this.defaultText ? "" : raw;
  }

  /** A value that is not the default, as JSON has it. */
  get typedValue() {
    if (this.type === "boolean") return this.value === "true";
    return this.type === "string" ? this.value : Number(this.value);
  }

  get defaultText() {
    return this.schema.default === null ? "" : String(this.schema.default);
  }

  set(value) {
    const text = value === undefined || value === null ? this.defaultText : String(value);
    if (this.input.type === "checkbox") this.input.checked = text === "true";
    else this.input.value = text;
    if (this.range) this.range.value = text;
  }

  refresh() {
    this.back.hidden = this.value === "";
    this.row.classList.toggle("changed", this.value !== "");
  }

  /** Whether its name or its help speaks of all of these words. */
  speaksOf(words) {
    const { title, description, group } = this.schema;
    const text = `${title} ${description} ${group} ${this.name}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }
}

export class SettingsForm {
  /** Draw `schema` into `place`; `models` is what the server tells of the published models; `onChange` is called after each change. */
  constructor(place, resetButton, schema, models, onChange = () => {}) {
    this.place = place;
    this.onChange = onChange;
    this.resetButton = resetButton;
    this.chosen = { hasVideo: false, hasDepth: false };
    this.controls = Object.entries(schema.properties).map(([name, one]) => new Control(name, one, () => this.changed()));
    place.append(...this.drawn(schema.choices));
    this.fill(recall(KEY) ?? {});
    resetButton.addEventListener("click", () => this.fill({}));
    this.setModels(models);
  }

  drawn(choices) {
    const defaults = Object.fromEntries(this.controls.map(({ name, schema }) => [name, schema.default]));
    this.choices = new Choices(choices, defaults, (values) => this.choose(values));
    const main = this.controls.filter((control) => control.schema.main);
    const groups = new Map();
    for (const control of this.controls.filter((one) => !one.schema.main)) {
      groups.set(control.schema.group, [...(groups.get(control.schema.group) ?? []), control]);
    }
    this.groups = [...groups].map(([group, controls]) => ({
      controls, section: element("section", { class: "group" }, element("h3", {}, group), ...controls.map((control) => control.row)),
    }));
    return [this.choices.element, ...main.map((control) => control.row), this.allSettings()];
  }

  /** The fold with every setting, and a field to find one in it. */
  allSettings() {
    this.count = element("span", { class: "count" });
    this.nothing = element("p", { class: "muted", role: "status", hidden: true }, "No setting is called that.");
    this.search = element("input", {
      type: "search", class: "search", placeholder: "Find a setting", "aria-label": "Find a setting", autocomplete: "off",
      input: () => this.find(),
    });
    this.fold = element("details", { class: "fold", id: "all-settings" },
      element("summary", {}, "All settings", this.count), this.search, this.nothing, ...this.groups.map((one) => one.section));
    return this.fold;
  }

  /** Show the settings that what is typed speaks of. */
  find() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const control of this.controls) control.row.classList.toggle("elsewhere", !control.schema.main && !control.speaksOf(words));
    this.showGroups();
  }

  showGroups() {
    const isSeen = ({ row }) => !row.hidden && !row.classList.contains("elsewhere");
    for (const { section, controls } of this.groups) section.hidden = !controls.some(isSeen);
    this.nothing.hidden = this.groups.some(({ section }) => !section.hidden);
  }

  /** Bring a setting into sight. */
  reveal(control) {
    this.search.value = "";
    this.find();
    if (!control.schema.main) this.fold.open = true;
    control.input.focus();
  }

  /** Set some settings, the others staying as they are. */
  choose(values) {
    for (const control of this.controls) if (control.name in values) control.set(values[control.name]);
    this.changed();
  }

  /** Put values in, the others being as they were meant. */
  fill(values) {
    for (const control of this.controls) control.set(values[control.name]);
    this.changed();
  }

  /** Those of a job's settings that there still are. */
  known(values) {
    return Object.fromEntries(this.controls.filter(({ name }) => name in values).map(({ name }) => [name, values[name]]));
  }

  /** What differs from the defaults, as text. */
  values() {
    return Object.fromEntries(this.controls.map((control) => [control.name, control.value]).filter(([, value]) => value !== ""));
  }

  /** What to send for a kind of input, with a depth map or without: what does not matter for it, or is as it would be anyway, is left out. */
  valuesFor(kind, hasDepth) {
    const chosen = { hasVideo: kind === "video" || kind === "clip", hasDepth };
    const isVain = ({ name }) => kind === "clip" && OF_SEQUENCES.includes(name);
    const changed = this.controls.filter((control) => this.matters(control, chosen) && !isVain(control) && control.value !== "");
    return Object.fromEntries(changed.map((control) => [control.name, control.typedValue]));
  }

  /** What was chosen: whether there is a video in it, and whether a depth map. */
  setChosen(hasVideo, hasDepth) {
    this.chosen = { hasVideo, hasDepth };
    this.showWhatMatters();
  }

  /** Set one setting. */
  set(name, value) {
    this.controls.find((one) => one.name === name).set(value);
    this.changed();
  }

  setModels({ auto, models }) {
    this.auto = auto;
    this.models = models;
    const choice = this.controls.find((control) => control.name === "depth_model").input;
    for (const option of choice.options) {
      const model = models.find((one) => one.name === option.value);
      if (option.value === "auto") option.textContent = `auto (${auto})`;
      else if (model) {
        option.disabled = model.state !== "installed";
        option.textContent = option.disabled ? `${model.name} (not installed)` : model.name;
      }
    }
    this.showWhatMatters();
  }

  /** The first control whose value cannot be sent, or null. */
  invalid() {
    return this.controls.find((control) => !control.row.hidden && !control.input.checkValidity()) ?? null;
  }

  changed() {
    for (const control of this.controls) control.refresh();
    const values = this.values();
    const count = Object.keys(values).length;
    this.resetButton.hidden = count === 0;
    this.count.textContent = count ? `${count} changed` : "";
    this.choices.show(Object.fromEntries(this.controls.filter(({ name }) => name in values).map((control) => [control.name, control.typedValue])));
    remember(KEY, values);
    if (this.models) this.showWhatMatters();
    this.onChange();
  }

  /** One setting as a number, or null where it is empty. */
  number(name) {
    const { value } = this.controls.find((control) => control.name === name).input;
    return value.trim() === "" ? null : Number(value);
  }

  /** Set one setting, unless the user has set it. */
  suggest(name, value) {
    const control = this.controls.find((one) => one.name === name);
    if (control.value !== "") return;
    control.set(value);
    this.changed();
  }

  showWhatMatters() {
    for (const control of this.controls) control.row.hidden = !this.matters(control, this.chosen);
    this.showGroups();
  }

  get depthModel() {
    const { value } = this.controls.find((control) => control.name === "depth_model").input;
    return value === "auto" ? this.auto : value;
  }

  matters({ name, schema }, { hasVideo, hasDepth }) {
    const isInstalled = (wanted) => this.models.some((model) => model.name === wanted && model.state === "installed");
    if (schema.group === VIDEO_GROUP && !hasVideo) return false;
    if (name === OF_DEPTH_MAP) return hasDepth;
    if (schema.group === SHARP_GROUP && !isInstalled("sharp")) return false;
    if (hasDepth && OF_ANY_MODEL.includes(name)) return false;
    if (name === "depth_tiles") return isInstalled("da3");
    const owner = this.models.find((model) => schema.group === "Depth" && name.startsWith(`${model.name}_`));
    return !owner || (!hasDepth && owner.name === this.depthModel);
  }
}
