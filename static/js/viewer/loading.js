// Bytes and pictures from the server, with progress, and given up at once when they are no longer wanted.

/**
 * Fetch a file whole.
 * @param {string} url
 * @param {{signal: AbortSignal, onProgress?: (loaded: number, total: number) => void}} options total is 0 where the server does not say
 * @returns {Promise<Uint8Array>}
 */
export async function fetchBytes(url, { signal, onProgress = () => {} }) {
  const response = await answered(url, signal);
  const total = response.headers.get("Content-Encoding") ? 0 : Number(response.headers.get("Content-Length") ?? 0);
  const reader = response.body.getReader();
  let bytes = new Uint8Array(total || 1 << 20);
  let loaded = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (loaded + value.length > bytes.length) bytes = grown(bytes, loaded + value.length);
    bytes.set(value, loaded);
    loaded += value.length;
    onProgress(loaded, total);
  }
  if (total && loaded < total) throw new Error("the connection broke off");
  return loaded === bytes.length ? bytes : bytes.slice(0, loaded);
}

/** Fetch a picture, no wider than `widest` pixels. */
export async function fetchPicture(url, { signal, widest }) {
  const blob = await (await answered(url, signal)).blob();
  const bitmap = await wanted(createImageBitmap(blob), signal);
  if (bitmap.width <= widest) return bitmap;
  const height = Math.round((bitmap.height * widest) / bitmap.width);
  try {
    return await wanted(createImageBitmap(bitmap, { resizeWidth: widest, resizeHeight: height, resizeQuality: "high" }), signal);
  } finally {
    bitmap.close();
  }
}

/** "12.3 of 49.0 MB", or "12.3 MB" where the whole is not known. */
export function inMegabytes(loaded, total) {
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  return total ? `${megabytes(loaded)} of ${megabytes(total)} MB` : `${megabytes(loaded)} MB`;
}

/** A decoded picture; one that is no longer wanted is closed. */
async function wanted(decoding, signal) {
  const bitmap = await decoding;
  if (signal.aborted) bitmap.close();
  signal.throwIfAborted();
  return bitmap;
}

async function answered(url, signal) {
  const response = await fetch(url, { signal }).catch((error) => {
    signal.throwIfAborted();
    throw new Error("the server does not answer", { cause: error });
  });
  if (!response.ok) throw new Error(response.status === 404 ? "the file is not there any more" : `the server answers with ${response.status}`);
  return response;
}

function grown(bytes, needed) {
  const larger = new Uint8Array(Math.max(needed, 2 * bytes.length));
  larger.set(bytes);
  return larger;
}
