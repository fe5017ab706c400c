// The panorama and the depth map as textures: loaded once when first wanted, disposed together.

import { fetchPicture } from "./loading.js";

const MOST = 4; // of 4096 × 2048 pixels, which take 45 MB each; frames of a video have each their depth

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
    if (this.#pictures.size > MOST) this.#drop(this.#pictures.keys().next().value);
    try {
      const bitmap = await fetchPicture(url, { signal, widest: this.#scene.renderer.capabilities.maxTextureSize });
      picture.texture = this.#scene.makeTexture(bitmap);
    } catch (error) {
      if (signal.aborted) return;
      picture.fault = { words: `The picture cannot be shown: ${error.message}.`, again: () => this.#again(url) };
    }
    this.#onChange();
  }

  #drop(url) {
    this.#pictures.get(url).texture?.dispose();
    this.#pictures.delete(url);
  }

  #again(url) {
    this.#load(url);
    this.#onChange();
  }
}
