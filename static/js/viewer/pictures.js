// The panorama and the depth map as textures: loaded once when first wanted, disposed together.

import { fetchPicture } from "./loading.js";

/** Holds the textures of one job. */
export class Pictures {
  fault = null;
  #scene;
  #onChange;
  #textures = new Map();
  #loads = new AbortController();

  constructor(scene, onChange) {
    this.#scene = scene;
    this.#onChange = onChange;
  }

  /** The texture of a URL, or null while it loads; `onChange` tells when it is there. */
  get(url) {
    if (!this.#textures.has(url)) this.#load(url);
    return this.#textures.get(url);
  }

  clear() {
    this.#loads.abort();
    this.#loads = new AbortController();
    for (const texture of this.#textures.values()) texture?.dispose();
    this.#textures.clear();
    this.fault = null;
  }

  async #load(url) {
    const { signal } = this.#loads;
    this.#textures.set(url, null);
    try {
      const bitmap = await fetchPicture(url, { signal, widest: this.#scene.renderer.capabilities.maxTextureSize });
      this.#textures.set(url, this.#scene.makeTexture(bitmap));
    } catch (error) {
      if (signal.aborted) return;
      this.fault = { words: `The picture cannot be shown: ${error.message}.`, again: () => this.#again(url) };
    }
    this.#onChange();
  }

  #again(url) {
    this.fault = null;
    this.#load(url);
    this.#onChange();
  }
}
