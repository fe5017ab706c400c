// The panorama and the depth map as textures: loaded once when first wanted, disposed together.

import { fetchPicture } from "./loading.js";

/** Holds the textures of one job. */
export class Pictures {
  #scene;
  #onChange;
  #pictures = new Map();
  #loads = new AbortController();

  constructor(scene, onChange) {
    this.#scene = scene;
    this.#onChange = onChange;
  }

  /** The `texture` of a URL, or null while it loads, and its `fault`, if there is one; `onChange` tells when either is there. */
  get(url) {
    if (!this.#pictures.has(url)) this.#load(url);
    return this.#pictures.get(url);
  }

  clear() {
    this.#loads.abort();
    this.#loads = new AbortController();
    for (const { texture } of this.#pictures.values()) texture?.dispose();
    this.#pictures.clear();
  }

  async #load(url) {
    const { signal } = this.#loads;
    const picture = { texture: null, fault: null };
    this.#pictures.set(url, picture);
    try {
      const bitmap = await fetchPicture(url, { signal, widest: this.#scene.renderer.capabilities.maxTextureSize });
      picture.texture = this.#scene.makeTexture(bitmap);
    } catch (error) {
      if (signal.aborted) return;
      picture.fault = { words: `The picture cannot be shown: ${error.message}.`, again: () => this.#again(url) };
    }
    this.#onChange();
  }

  #again(url) {
    this.#load(url);
    this.#onChange();
  }
}
