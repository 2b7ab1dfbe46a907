// The images of the site: adding and deleting them. The list and the room that is left come from the server after each change.
import { ask, confirmed, doing, field, find, onButton, renew, say } from "./admin.mjs";

const form = /** @type {HTMLFormElement} */ (find("#upload"));
form.addEventListener("submit", doing(async () => {
  const file = field("#file").files?.[0];
  if (!file) return say("Choose a file first.");
  if (file.size > 10 << 20) return say("The file is larger than 10 MB. Choose a smaller one.", true);
  say("Uploading…");
  const answer = await ask("POST", "/media?alt=" + encodeURIComponent(field("#alt").value), file);
  if (!answer.ok) return say(answer.message, true);
  form.reset();
  await renew("#list", "#room");
  say("The image is on the site now.", true);
}));

onButton("#stored", async (button) => {
  const item = /** @type {HTMLElement | null} */ (button.closest("[data-image]"));
  if (!item) return;
  if (!(await confirmed(`“${item.dataset.alt}” is deleted. Texts and sections that show it have nothing in its place.`, "Delete"))) return button.focus();
  const answer = await ask("DELETE", "/media/" + item.dataset.image);
  await renew("#list", "#room");
  say(answer.ok ? "The image was deleted." : answer.message, true);
});
