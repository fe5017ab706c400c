// The one offer to a first-time visitor: to download a depth model that makes better scenes.
import { element, iconButton, smallButton } from "./dom.js";
import { recall, remember } from "./storage.js";

const KEY = "spag4d.offer";
const CROSS = "M6 6l12 12M18 6L6 18";

/** Show the offer in `place` unless there is nothing to offer or it was answered before; `accept` is called with the model. */
export function showOffer(place, { offer, models }, accept) {
  const model = models.find((one) => one.name === offer?.model);
  if (!model || recall(KEY)) return;
  const answered = (answer) => {
    remember(KEY, answer);
    place.hidden = true;
  };
  const fetchIt = smallButton("Download it", () => {
    answered("yes");
    accept(model);
  });
  place.replaceChildren(element("span", {}, offer.words), fetchIt, iconButton("No, thanks", CROSS, () => answered("no")));
  place.hidden = false;
}
