// Talking to the server. What goes wrong is a Problem with words for people.

export class Problem extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

const UNREACHABLE = "The server does not answer. Is it still running?";

async function answerTo(method, path) {
  try {
    return await fetch(path, { method });
  } catch {
    throw new Problem(0, UNREACHABLE);
  }
}

async function request(method, path) {
  const answer = await answerTo(method, path);
  if (answer.status === 204) return null;
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, content.detail ?? `The server answers ${answer.status}.`);
  return content;
}

export const get = (path) => request("GET", path);
export const post = (path) => request("POST", path);
export const remove = (path) => request("DELETE", path);

/** Fetch a file as a Blob. */
export const getFile = async (path) => (await answerTo("GET", path)).blob();

/**
 * Send a form, and hear how much of it has gone. A fetch tells nothing of that, so this is an XMLHttpRequest.
 * @param {string} path
 * @param {Object<string, string|File>} fields
 * @param {{onProgress?: (sent: number, total: number) => void, signal?: AbortSignal}} options
 */
export function send(path, fields, { onProgress = () => {}, signal } = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return new Promise((resolve, reject) => {
    const wire = new XMLHttpRequest();
    wire.open("POST", path);
    wire.responseType = "json";
    wire.upload.addEventListener("progress", (event) => onProgress(event.loaded, event.total));
    wire.addEventListener("load", () => {
      if (wire.status < 300) resolve(wire.response);
      else reject(new Problem(wire.status, wire.response?.detail ?? `The server answers ${wire.status}.`));
    });
    wire.addEventListener("error", () => reject(new Problem(0, UNREACHABLE)));
    wire.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    signal?.addEventListener("abort", () => wire.abort());
    wire.send(form);
  });
}

export const fileUrl = (job, name) => `/api/jobs/${job.id}/files/${name}`;
export const frameUrl = (job, number, format) => `/api/jobs/${job.id}/frames/frame_${String(number).padStart(5, "0")}.${format}`;
