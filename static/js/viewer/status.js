// What the stage tells: facts as data attributes, words on the picture, and each load once to screen readers.

/** Tells of one stage; `notice` shows the words. */
export class Status {
  #data;
  #notice;
  #announced = new Set();

  constructor(stage, notice) {
    this.#data = stage.dataset;
    this.#notice = notice;
  }

  /** Another job begins. */
  forget() {
    this.#announced.clear();
  }

  /** Set a data attribute; null takes it away. */
  set(name, value) {
    if (value === null) delete this.#data[name];
    else if (this.#data[name] !== String(value)) this.#data[name] = value;
  }

  /** @param said what `account` found, `seen` what `decide` did, `view` the job, `shown` `url`, `frame` and `time` of what is drawn */
  say({ state, fault, words, share }, { seen, view, shown }) {
    const data = { state, view: seen.view, shown: shown?.url ?? "", frame: shown?.frame ?? null, time: shown?.time?.toFixed(3) ?? null };
    for (const [name, value] of Object.entries(data)) this.set(name, value);
    if (fault) this.#notice.fail(fault.words, fault.again);
    else if (words) this.#notice.say(words, share);
    else this.#notice.clear();
    if (view) this.#announce(state, seen.view, view.scene);
  }

  /** The scrubber shows the frames of a video. */
  #announce(state, view, scene) {
    const key = `${state} ${view} ${scene}`;
    if (this.#announced.has(key)) return;
    this.#announced.add(key);
    const name = view === "depth" ? "depth map" : view;
    if (state === "loading") this.#notice.announce(`Loading the ${name}`);
    if (state === "ready") this.#notice.announce(`The ${name} is shown`);
  }
}
