// What this browser can tell of a file before it is sent.

const HEAD_BYTES = 1 << 18; // what a picture says of its part of the sphere stands at its beginning or end
const PART = /GPano|XML:com\.adobe\.xmp/;
const PATIENCE_MS = 15_000;

const UNKNOWN = { width: null, height: null, length_s: null, isPart: false };

/** Facts of a file of a kind, "photo" or "video"; null for what this browser cannot tell. `url` is where it can be loaded from. */
export async function inspected(file, kind, url) {
  const known = url === null ? null : await (kind === "video" ? sizeOfVideo(url) : sizeOfPicture(url));
  const isPart = kind === "photo" && (await saysWhichPart(file));
  return { ...UNKNOWN, ...known, isPart, kind, size: file.size };
}

function sizeOfPicture(url) {
  const picture = new Image();
  return loaded(picture, "load", url, () => ({ width: picture.naturalWidth, height: picture.naturalHeight }));
}

function sizeOfVideo(url) {
  const video = Object.assign(document.createElement("video"), { preload: "metadata", muted: true });
  return loaded(video, "loadedmetadata", url, () => {
    const { videoWidth, videoHeight, duration } = video;
    video.removeAttribute("src"); // gives the decoder back
    return { width: videoWidth || null, height: videoHeight || null, length_s: Number.isFinite(duration) ? duration : null };
  });
}

/** What `read` tells once an element has loaded; null where it cannot. */
function loaded(element, event, url, read) {
  return new Promise((resolve) => {
    element.addEventListener(event, () => resolve(read()), { once: true });
    element.addEventListener("error", () => resolve(null), { once: true });
    setTimeout(() => resolve(null), PATIENCE_MS);
    element.src = url;
  });
}

async function saysWhichPart(file) {
  const ends = [file.slice(0, HEAD_BYTES), file.slice(Math.max(0, file.size - HEAD_BYTES))];
  const texts = await Promise.all(ends.map((part) => part.text())).catch(() => [""]);
  return texts.some((text) => PART.test(text));
}
