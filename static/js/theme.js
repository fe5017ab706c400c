// Dark or light: as the system says, until the user chooses.
import { icon } from "./dom.js";
import { recall, remember } from "./storage.js";

const SUN = "M12 4V2M12 22v-2M4 12H2M22 12h-2M5.6 5.6 4.2 4.2M19.8 19.8l-1.4-1.4M5.6 18.4l-1.4 1.4M19.8 4.2l-1.4 1.4M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z";
const MOON = "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z";
const KEY = "spag4d.theme";

export function setUpTheme(button) {
  const system = matchMedia("(prefers-color-scheme: light)");
  let chosen = recall(KEY);
  const show = () => {
    const theme = chosen ?? (system.matches ? "light" : "dark");
    document.documentElement.dataset.theme = theme;
    button.replaceChildren(icon(theme === "dark" ? SUN : MOON));
    button.title = theme === "dark" ? "Light colours" : "Dark colours";
    button.setAttribute("aria-label", button.title);
  };
  button.addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    remember(KEY, chosen);
    show();
  });
  system.addEventListener("change", show);
  show();
}
