// Parts of a file: fetched by HTTP ranges, or cut from a file that is on this computer already.

const HEAD = 1 << 16; // bytes that are fetched first: with the heads of most clips, and all of a small one

/** Parts of the file at a URL: `size` is known after `opened`, and `part` fetches what it does not hold. */
export class RemoteFile {
  #url;
  #head = new Uint8Array(0); // of a server that sends no parts the whole file
  size = 0;

  constructor(url) {
    this.#url = url;
  }

  /** Fetch the beginning; returns the file itself. */
  async opened(signal) {
    const { bytes, size } = await this.#fetched(0, HEAD, signal);
    this.#head = bytes;
    this.size = size;
    return this;
  }

  /** `length` bytes from `start` on; fails where the file ends before. */
  async part(start, length, signal) {
    if (start + length > this.size) throw new Error("the file is cut short");
    if (start + length <= this.#head.length) return this.#head.subarray(start, start + length);
    const { bytes } = await this.#fetched(start, length, signal);
    if (bytes.length < length) throw new Error("the connection broke off");
    return bytes.subarray(0, length);
  }

  async #fetched(start, length, signal) {
    const response = await fetch(this.#url, { signal, headers: { Range: `bytes=${start}-${start + length - 1}` } }).catch((error) => {
      signal?.throwIfAborted();
      throw new Error("the server does not answer", { cause: error });
    });
    if (!response.ok) throw new Error(response.status === 404 ? "the file is not there any more" : `the server answers with ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const size = response.status === 206 ? Number(response.headers.get("Content-Range").split("/")[1]) : bytes.length;
    return { bytes, size };
  }
}

/** Parts of a Blob, such as a file that somebody chose. */
export class LocalFile {
  #blob;

  constructor(blob) {
    this.#blob = blob;
    this.size = blob.size;
  }

  /** As `RemoteFile.part`. */
  async part(start, length) {
    if (start + length > this.size) throw new Error("the file is cut short");
    return new Uint8Array(await this.#blob.slice(start, start + length).arrayBuffer());
  }
}

/** The file at a URL; what lies in this page already (blob:) is not copied. */
export async function fileAt(url, signal) {
  if (url.startsWith("blob:")) return new LocalFile(await (await fetch(url, { signal })).blob());
  return new RemoteFile(url).opened(signal);
}
