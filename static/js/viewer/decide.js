// What is to be seen of a job, and what is to be said about it. Pure: facts in, decisions out.

const PENDING = "The scene appears here when it is done.";
const COARSE = "A quick first look. The full scene follows.";

/**
 * What is to be seen.
 * @param view the job as the page tells it, or null
 * @param chosen `view` (null: not chosen yet) and `shape`, as the visitor wants them
 * @param sceneShown whether a scene of this job has been drawn already
 * @returns `view` scene, panorama or depth; `shape` sphere or flat; `url` of the picture that is seen; what can be chosen
 */
export function decide({ view, chosen, unavailable, sceneShown }) {
  const hasOne = view && (hasScene(view) || view.pending !== false || !view.panorama);
  const available = view ? [...(hasOne ? ["scene"] : []), ...(view.panorama ? ["panorama"] : []), ...(view.depth ? ["depth"] : [])] : [];
  const waits = view?.panorama && !sceneShown;
  const seen = available.includes(chosen.view) ? chosen.view : waits ? "panorama" : "scene";
  return {
    view: seen,
    shape: unavailable ? "flat" : chosen.shape,
    url: seen === "scene" ? null : view[seen],
    automatic: chosen.view === null,
    available: available.length > 1 ? available : [],
    shapes: unavailable ? ["flat"] : ["sphere", "flat"],
  };
}

/** Whether there is something that goes into the scene. */
export function hasScene(view) {
  return Boolean(view?.scene || view?.moving || view?.frames?.length);
}

/**
 * What is to be said: the state, words with the share that is done, or a fault.
 * @param view `pending` false where no more will come: a job that has failed, a picture that is not being converted
 * @param contents `state`, `progress` and `fault` of the scene; null before it exists
 * @param picture `state` and `fault` of the picture that is seen
 */
export function account({ view, seen, unavailable, contents, picture }) {
  if (!view) return { state: "empty" };
  const scene = contents ?? { state: "loading", progress: null, fault: null };
  const waiting = hasScene(view) && !unavailable && seen.automatic;
  const leads = seen.view === "scene" || (waiting && scene.state !== "empty");
  if (seen.view === "scene" && unavailable) return { state: "error" };
  if (leads && hasScene(view)) return { state: scene.state, fault: scene.fault, ...(scene.progress ?? note(view, scene)) };
  if (seen.view === "scene") return { state: "empty", ...pending(view) };
  const aside = hasScene(view) && scene.progress ? scene.progress : pending(view);
  return { state: picture.state, fault: picture.fault, ...(picture.state === "loading" ? { words: "Loading the picture", share: null } : aside) };
}

function note(view, { state }) {
  return view.coarse && view.pending !== false && state === "ready" ? { words: COARSE } : {};
}

function pending(view) {
  return hasScene(view) || view.pending === false ? {} : { words: PENDING };
}
