// The sections manager: add, show or hide, move and remove. The list is taken from the server after each change, which alone knows its order; the focus
// stays on the button, so that a section can be moved several places by the keyboard.
import { ask, confirmed, doing, field, find, newId, onButton, renew, say } from "./admin.mjs";

// The next section's id is chosen here, so that one is added even when it is asked for twice because an answer was lost.
let id = newId();
find("#add").addEventListener("input", () => void (id = newId()));
find("#add").addEventListener("submit", doing(async () => {
  const label = field("#label").value;
  const answer = await ask("POST", "/sections", { id, label, href: field("#href").value, icon: field("#icon").value });
  if (!answer.ok) return say(answer.message, true);
  id = newId();
  await renew("#sections");
  /** @type {HTMLFormElement} */ (find("#add")).reset();
  say(`${label} was added.`, true);
}));

const onSections = async (/** @type {HTMLButtonElement} */ button) => {
  const item = /** @type {HTMLElement | null} */ (button.closest("[data-section]"));
  if (!item) return;
  const { section: id = "", label = "" } = item.dataset;
  const order = [...document.querySelectorAll("[data-section]")].map((li) => /** @type {HTMLElement} */ (li).dataset.section ?? "");
  const at = order.indexOf(id);
  const to = button.value === "up" ? at - 1 : at + 1;
  let answer;
  let done = "";
  switch (button.value) {
    case "up":
    case "down":
      if (to < 0 || to >= order.length) return say(`${label} is ${to < 0 ? "the first" : "the last"} already.`);
      [order[at], order[to]] = [order[to], order[at]];
      answer = await ask("POST", "/sections/reorder", { ids: order });
      done = `${label} is number ${to + 1} of ${order.length} now.`;
      break;
    case "toggle":
      answer = await ask("PUT", "/sections/" + id, { enabled: item.dataset.enabled === undefined });
      done = `${label} is ${item.dataset.enabled === undefined ? "shown" : "hidden"} now.`;
      break;
    default:
      if (!(await confirmed(`${label} disappears from the panel. The page that it leads to stays.`))) return;
      answer = await ask("DELETE", "/sections/" + id);
      done = `${label} was removed.`;
  }
  await renew("#sections");
  const again = document.querySelector(`[data-section="${id}"] button[value="${button.value}"]`);
  if (again instanceof HTMLElement) again.focus();
  say(answer.ok ? done : answer.message, !again);
};
onButton("#main", onSections);
