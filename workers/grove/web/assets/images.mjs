// The dialog with which a writer puts an image into a text: one of the site's, or one from this device.
import { ask, find, field, make } from "./admin.mjs";

const dialog = /** @type {HTMLDialogElement} */ (find("#images"));
const said = (/** @type {string} */ text) => void (find("#image-status").textContent = text);
const plain = (/** @type {string} */ text) => text.replace(/[\[\]\\\n]/g, " ").trim();

/**
 * Opens the dialog at the press of the editor's button.
 * @param {(markdown: string) => void} insert
 */
export function offerImages(insert) {
  /** @param {{url: string, alt: string}} image */
  const use = (image) => {
    dialog.close();
    insert(`![${plain(image.alt)}](${image.url})`);
  };

  async function list() {
    const answer = await ask("GET", "/media");
    if (!answer.ok) return said(answer.message);
    find("#gallery").replaceChildren(...answer.body.media.map((/** @type {any} */ image) => {
      const button = make("button", { type: "button", "aria-label": "Insert " + (image.alt || "an image without a description") },
        make("img", { src: image.url, alt: "", loading: "lazy" }), make("small", {}, image.alt || "Without a description"));
      button.addEventListener("click", () => use(image));
      return make("li", {}, button);
    }));
  }

  find("#insert").addEventListener("click", () => {
    said("");
    dialog.showModal();
    list().catch(() => said("The site cannot be reached."));
  });

  find("#upload").addEventListener("click", async () => {
    const file = field("#file").files?.[0];
    if (!file) return said("Choose a file first.");
    said("Uploading…");
    try {
      const answer = await ask("POST", "/media?alt=" + encodeURIComponent(field("#alt").value), file);
      if (!answer.ok) return said(answer.message);
      field("#file").value = "";
      field("#alt").value = "";
      use(answer.body);
    } catch {
      said("The site cannot be reached. Nothing was stored.");
    }
  });
}
