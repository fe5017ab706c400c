// The page of one scene that moves: the scene lies in the page, and nothing is asked of the network.

import { byId } from "../dom.js";
import { Stage } from "./stage.js";

const scene = byId("scene");
const bytes = Uint8Array.from(atob(scene.textContent), (letter) => letter.charCodeAt(0));
scene.remove();
const moving = URL.createObjectURL(new Blob([bytes]));
new Stage(byId("stage")).show({ id: "scene", title: document.title, moving, plays: true });
