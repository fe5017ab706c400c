// What stops and carries a visitor, as the server keeps it beside a scene.

import { fetchBytes } from "./loading.js";
import { trianglesFromGlb } from "./triangles.js";

/** Fetches triangles for one scene at a time. */
export class Walls {
  #url = null;
  #load = new AbortController();

  /** Let the visitor walk among the triangles of a file, or as far as the walking range alone where there is none (null). */
  show(url, visitor) {
    if (url === this.#url) return;
    this.#load.abort();
    this.#url = url;
    this.#load = new AbortController();
    visitor.setTriangles(null);
    if (url) this.#fetch(url, visitor, this.#load.signal);
  }

  async #fetch(url, visitor, signal) {
    try {
      const corners = trianglesFromGlb(await fetchBytes(url, { signal }));
      if (!signal.aborted) visitor.setTriangles(corners);
    } catch (error) {
      if (!signal.aborted) console.warn("Walls and stairs of the scene could not be loaded:", error);
    }
  }
}
