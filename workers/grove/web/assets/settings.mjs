// The settings of the site. They have a version: when somebody else was faster the page says so, and nothing is overwritten.
import { ask, doing, field, find, say } from "./admin.mjs";

const form = find("#settings");

form.addEventListener("submit", doing(async () => {
  const answer = await ask("PUT", "/site", {
    version: Number(form.dataset.version), displayName: field("#display-name").value, description: field("#description").value,
    commentsEnabled: /** @type {HTMLInputElement} */ (field("#comments")).checked, moderation: field("#moderation").value, countsVisible: field("#counts").value,
  });
  if (answer.ok) form.dataset.version = String(answer.body.version);
  say(answer.ok ? "Saved." : answer.message);
}));
