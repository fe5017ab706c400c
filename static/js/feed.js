// What the server tells of: one connection, which the browser opens again by itself and which then misses nothing.

const PATIENCE_MS = 4000; // streams end now and then, which is no loss
const AGAIN_MS = 2000;

/**
 * @param {{job: (job: object) => void, deleted: (job: object) => void, model: (model: object) => void,
 *          lost: () => void, back: () => void}} hear
 */
export function follow(hear) {
  let isLost = false;
  let timer = 0;

  const connect = () => {
    const source = new EventSource("/api/events");
    for (const kind of ["job", "deleted", "model"]) {
      source.addEventListener(kind, (event) => hear[kind](JSON.parse(event.data)));
    }
    source.addEventListener("open", () => {
      clearTimeout(timer);
      timer = 0;
      if (isLost) hear.back();
      isLost = false;
    });
    source.addEventListener("error", () => {
      timer ||= setTimeout(() => {
        isLost = true;
        hear.lost();
      }, PATIENCE_MS);
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS); // an answer that ended the browser's own tries
    });
  };
  connect();
}
