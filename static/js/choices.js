// The few choices that set the rest: one answer of each is right, or none where the settings were changed one by one.
import { element } from "./dom.js";

export class Choices {
  /**
   * @param choices as the server tells them; `defaults` of all settings by name; `onChoose(values)` is called with the settings of an
   *   answer, undefined for those that go back to their defaults
   */
  constructor(choices, defaults, onChoose) {
    this.defaults = defaults;
    this.rows = choices.map((choice, at) => this.drawn(choice, at, onChoose));
    this.element = element("div", { class: "choices" }, ...this.rows.map(({ row }) => row));
  }

  drawn({ label, names, answers }, at, onChoose) {
    const help = element("p", { class: "help", id: `choice-${at}-help` });
    const buttons = answers.map((answer, number) => {
      const choose = () => onChoose(Object.fromEntries(names.map((name) => [name, answer.settings[name]])));
      const radio = element("input", { type: "radio", name: `choice-${at}`, value: String(number), class: "visually-hidden", change: choose });
      return { radio, answer, label: element("label", { class: "answer" }, radio, answer.label) };
    });
    const row = element("fieldset", { class: "choice", "aria-describedby": help.id },
      element("legend", {}, label), element("div", { class: "answers" }, ...buttons.map((one) => one.label)), help);
    return { row, help, names, buttons };
  }

  /** Show which answers the settings amount to; `values` are typed, and those that are left out have their defaults. */
  show(values) {
    for (const { help, names, buttons } of this.rows) {
      const fits = ({ answer }) => names.every((name) => (values[name] ?? this.defaults[name]) === (answer.settings[name] ?? this.defaults[name]));
      const found = buttons.find(fits);
      for (const { radio } of buttons) radio.checked = radio === found?.radio;
      help.textContent = found ? found.answer.help : "As set below.";
    }
  }
}
