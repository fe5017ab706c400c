// How long the graphics card takes for a picture: calls that draw come back at once, long before anything is drawn.

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Whether pictures are computed by the processor, as far as the browser says so. */
export function drawsInSoftware(gl) {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return SOFTWARE.test(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER) ?? "");
}

/** Times one picture at a time. */
export class Stopwatch {
  #gl;
  #fence = null;
  #since = 0;

  constructor(gl) {
    this.#gl = gl;
  }

  get isRunning() {
    return this.#fence !== null;
  }

  /** To be called when a picture has been asked for. */
  start() {
    this.forget();
    this.#fence = this.#gl.fenceSync(this.#gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    this.#since = performance.now();
  }

  /** The seconds that the picture took, returned once; null until it is done. */
  read() {
    const gl = this.#gl;
    if (!this.#fence || gl.getSyncParameter(this.#fence, gl.SYNC_STATUS) === gl.UNSIGNALED) return null;
    this.forget();
    return (performance.now() - this.#since) / 1000;
  }

  /** Stop without a result, as when the page was not seen meanwhile. */
  forget() {
    this.#gl.deleteSync(this.#fence);
    this.#fence = null;
  }
}
