// Spark draws by an order that it makes aside, of the Gaussians as they were when it began: of which moment is the newest order?

/** Follows one renderer; to be told after each picture, and before the next one shows another moment. */
export class Order {
  #since = null;
  #sorting = 0; // the moment that is being sorted
  #time = 0;

  /** @param renderer of Spark; `time` the moment that is shown */
  follow({ lastSortTime, sorting, sortDirty }, time) {
    if (lastSortTime !== this.#since) {
      this.#since = lastSortTime;
      this.#time = this.#sorting;
      this.#sorting = time;
    }
    if (!sorting && !sortDirty) this.#time = this.#sorting;
  }

  /** Whether a moment comes at most `lead` seconds after it, in a film of so many seconds that begins again. */
  isWithin(lead, time, duration) {
    return (time - this.#time + duration) % duration <= lead;
  }
}
