// Talking to the server. What goes wrong is a Problem with words for people.

export class Problem extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

const UNREACHABLE = "The server does not answer. Is it still running?";

async function answerTo(method, path, options = {}) {
  try {
    return await fetch(path, { method, ...options });
  } catch {
    throw new Problem(0, UNREACHABLE);
  }
}

async function request(method, path, options) {
  const answer = await answerTo(method, path, options);
  if (answer.status === 204) return null;
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, content.detail ?? `The server answers ${answer.status}.`);
  return content;
}

export const get = (path) => request("GET", path);
export const remove = (path) => request("DELETE", path);

/** Ask for something to be done, with what there is to say of it. */
export const post = (path, content) =>
  request("POST", path, content && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) });

/** Fetch a file as a Blob. */
export const getFile = async (path) => (await answerTo("GET", path)).blob();

/**
 * Send a file, and hear how much of it has gone. A fetch tells nothing of that, so this is an XMLHttpRequest.
 * @param {File} file
 * @param {(sent: number, total: number) => void} onProgress
 * @param {boolean} isDepth whether it holds distances
 * @returns what the server keeps: its `id` is what a job is made of
 */
export function upload(file, onProgress, isDepth = false) {
  return new Promise((resolve, reject) => {
    const wire = new XMLHttpRequest();
    wire.open("PUT", `/api/uploads/${encodeURIComponent(file.name)}${isDepth ? "?depth=true" : ""}`);
    wire.responseType = "json";
    wire.upload.addEventListener("progress", (event) => onProgress(event.loaded, event.total));
    wire.addEventListener("load", () => {
      if (wire.status < 300) resolve(wire.response);
      else reject(new Problem(wire.status, wire.response?.detail ?? `The server answers ${wire.status}.`));
    });
    wire.addEventListener("error", () => reject(new Problem(0, UNREACHABLE)));
    wire.send(file);
  });
}

export const fileUrl = (job, name) => `/api/jobs/${job.id}/files/${name}`;
export const frameUrl = (job, number, format) => `/api/jobs/${job.id}/frames/frame_${String(number).padStart(5, "0")}.${format}`;
