// The sections manager: add, show or hide, move and remove. The list is taken from the server after each change, which alone knows its order; the focus
// stays on the button, so that a section can be moved several places by the keyboard. The panel's own list follows.
import { ask, confirmed, doing, field, find, newId, onButton, renew, say } from "./admin.mjs";

const menu = 'nav[aria-label="Admin"]';

// The next section's id is chosen here, so that one is added even when it is asked for twice because an answer was lost.
let id = newId();
find("#add").addEventListener("input", () => void (id = newId()));
find("#add").addEventListener("submit", doing(async () => {
  const label = field("#label").value;
  const icon = document.querySelector("#image") && field("#image").value || field("#icon").value;
  const answer = await ask("POST", "/sections", { id, label, href: field("#href").value, icon });
  if (!answer.ok) return say(answer.message, true);
  id = newId();
  await renew("#sections", menu);
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
  await renew("#sections", menu);
  const again = document.querySelector(`[data-section="${id}"] button[value="${button.value}"]`);
  if (again instanceof HTMLElement) again.focus();
  say(answer.ok ? done : answer.message, !again);
};
onButton("#own", onSections);

find("#pages").addEventListener("submit", doing(async () => {
  const hiddenSections = [...document.querySelectorAll("#pages input")].flatMap((box) => box instanceof HTMLInputElement && !box.checked ? [box.value] : []);
  const answer = await ask("PUT", "/config", { version: Number(find("#pages-version").dataset.version), hiddenSections });
  if (answer.ok || answer.status === 409) await renew("#pages-version", menu);
  say(answer.ok ? "The list of the panel is as you chose." : answer.message, true);
}));
