// The settings of the site. They have a version: when somebody else was faster the page says so, and nothing is overwritten.
import { ask, confirmed, doing, field, find, say } from "./admin.mjs";

const form = find("#settings");
const chosen = (/** @type {string} */ name) => field(`input[name="${name}"]:checked`).value;

form.addEventListener("submit", doing(async () => {
  const theme = { accent: chosen("accent"), typeface: chosen("typeface") };
  const answer = await ask("PUT", "/site", {
    version: Number(form.dataset.version), displayName: field("#display-name").value, description: field("#description").value, theme,
    commentsEnabled: field("#comments").checked, moderation: field("#moderation").value, countsVisible: field("#counts").value,
  });
  if (answer.ok) {
    form.dataset.version = String(answer.body.version);
    document.documentElement.dataset.accent = theme.accent;
    document.documentElement.dataset.type = theme.typeface;
  }
  say(answer.ok ? "Saved." : answer.message, true);
}));

document.querySelector("#rename")?.addEventListener("submit", doing(async () => {
  const subdomain = field("#subdomain").value;
  const host = `${subdomain}.${find("#rename").dataset.domain}`;
  if (!(await confirmed(`The site moves to ${host} now. Links to the old address lead nowhere.`, "Change it"))) return;
  const answer = await ask("PUT", "/name", { subdomain });
  if (answer.ok) location.assign(`${location.protocol}//${host}/admin/settings`);
  else say(answer.message, true);
}));
