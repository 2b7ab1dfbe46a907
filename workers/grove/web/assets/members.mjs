// Who works on the site: roles are changed at once, people are added by their e-mail address.
import { ask, confirmed, doing, field, find, onButton, say } from "./admin.mjs";

find("#main").addEventListener("change", (event) => {
  const select = /** @type {HTMLElement} */ (event.target).closest("[data-member] select");
  const item = /** @type {HTMLElement | null} */ (select?.closest("[data-member]"));
  if (!(select instanceof HTMLSelectElement) || !item) return;
  doing(async () => {
    const answer = await ask("PUT", "/members/" + item.dataset.member, { role: select.value });
    say(answer.ok ? `${item.dataset.name} is ${select.selectedOptions[0].text.toLowerCase()} now.` : answer.message);
  })(event);
});

onButton("#members", async (button) => {
  const item = /** @type {HTMLElement | null} */ (button.closest("[data-member]"));
  if (!item || !(await confirmed(`${item.dataset.name} cannot work on this site any more. What they wrote stays.`))) return;
  const answer = await ask("DELETE", "/members/" + item.dataset.member);
  if (answer.ok) item.remove();
  say(answer.ok ? `${item.dataset.name} was removed.` : answer.message, true);
});

document.querySelector("#add")?.addEventListener("submit", doing(async () => {
  const answer = await ask("POST", "/members", { email: field("#email").value, role: field("#role").value });
  if (!answer.ok) return say(answer.message, true);
  location.reload();
}));
