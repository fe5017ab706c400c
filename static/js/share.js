// Handing a scene on: its address, which shows nothing but the scene, and for phones and headsets as a code.
import { get } from "./api.js";
import { element, smallButton } from "./dom.js";

const OWN = ["localhost", "127.0.0.1", "[::1]"];
const COPIED_MS = 2000;

const SAVE = "Save as a web page";
const ONE_SCENE = /^scene\.(?!collision)/; // a video's frames have one each

const FOR_THIS_COMPUTER = "This address works on this computer only. To hand the scene on, save it as a web page and send that.";
const FOR_ALL = "Whoever has this address can look at the scene, and can use this server. Nothing is encrypted: pass it on only to people, "
  + "and in networks, that you trust.";

export class ShareDialog {
  /** Fill `dialog`; `savePage(job)` saves a scene as a web page, and resolves when that is done. */
  constructor(dialog, savePage) {
    this.dialog = dialog;
    this.savePage = savePage;
    this.title = element("h2", { id: "share-title" });
    this.field = element("input", { type: "text", class: "share-address", readonly: true, "aria-label": "Address of the scene" });
    this.copy = smallButton("Copy link", () => this.copied());
    this.note = element("p", { class: "muted" });
    this.page = smallButton(SAVE, () => this.saved(), "One .html file with the scene and its viewer, which opens anywhere");
    this.fault = element("p", { class: "form-error", role: "alert", hidden: true });
    this.code = element("img", { class: "share-code", alt: "The address as a QR code" });
    this.scan = element("figure", { class: "share-scan" }, this.code, element("figcaption", {}, "On a phone or a headset: scan this."));
    dialog.append(element("div", { class: "dialog-inside" },
      element("div", { class: "dialog-head" }, this.title, element("button", { type: "button", class: "button", click: () => dialog.close() }, "Close")),
      element("div", { class: "share-row" }, this.field, this.copy), this.note, this.page, this.fault, this.scan));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  async open(job) {
    this.job = job;
    const { address } = await get("/api/address");
    this.title.textContent = `Share ${job.name}`;
    this.field.value = linkTo(job, address || location.origin);
    const isOwn = !address && OWN.includes(location.hostname);
    this.note.textContent = isOwn ? FOR_THIS_COMPUTER : FOR_ALL;
    this.scan.hidden = !address;
    if (address) this.code.src = `/api/jobs/${job.id}/qr.svg`;
    this.copy.textContent = "Copy link";
    this.page.hidden = !Object.keys(job.files).some((name) => ONE_SCENE.test(name));
    this.fault.hidden = true;
    this.dialog.showModal();
    this.copy.focus();
  }

  async saved() {
    this.page.disabled = true;
    this.page.textContent = "Making it …";
    try {
      await this.savePage(this.job);
    } catch (problem) {
      this.fault.textContent = problem.message;
      this.fault.hidden = false;
    }
    this.page.disabled = false;
    this.page.textContent = SAVE;
  }

  async copied() {
    this.field.select();
    try {
      await navigator.clipboard.writeText(this.field.value);
    } catch {
      document.execCommand("copy"); // the clipboard of pages without TLS
    }
    this.copy.textContent = "Copied";
    setTimeout(() => (this.copy.textContent = "Copy link"), COPIED_MS);
  }
}

/** The address of nothing but the scene, without what deletes and converts; a token stays in it. */
function linkTo(job, address) {
  const link = new URL(address);
  link.searchParams.set("job", job.id);
  return `${link.href}&kiosk`;
}
