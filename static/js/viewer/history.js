// What can be undone: the states of something, of which the newest counts.

export class History {
  #states;
  #undone = [];

  constructor(first) {
    this.#states = [first];
  }

  get now() {
    return this.#states.at(-1);
  }

  get canUndo() {
    return this.#states.length > 1;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  push(state) {
    this.#states.push(state);
    this.#undone = [];
  }

  undo() {
    if (this.canUndo) this.#undone.push(this.#states.pop());
  }

  redo() {
    if (this.canRedo) this.#states.push(this.#undone.pop());
  }
}
