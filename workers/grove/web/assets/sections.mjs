// The sections manager: add, rename, show or hide, move and remove. The list is loaded again after each change, so that the server alone knows its order.
import { ask, doing, field, find, say } from "./admin.mjs";

find("#add").addEventListener("submit", doing(async () => {
  const answer = await ask("POST", "/sections", { label: field("#label").value, href: field("#href").value, icon: field("#icon").value });
  if (answer.ok) location.reload();
  else say(answer.message);
}));

find("#sections").addEventListener("click", doing(async (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button");
  const item = button?.closest("li");
  const id = item?.dataset.section;
  if (!button || !item || !id) return;
  const order = [...document.querySelectorAll("#sections > li")].map((li) => /** @type {HTMLElement} */ (li).dataset.section ?? "");
  const at = order.indexOf(id);
  const to = button.value === "up" ? at - 1 : at + 1;
  let answer;
  switch (button.value) {
    case "up":
    case "down":
      if (to < 0 || to >= order.length) return;
      [order[at], order[to]] = [order[to], order[at]];
      answer = await ask("POST", "/sections/reorder", { ids: order });
      break;
    case "toggle":
      answer = await ask("PUT", "/sections/" + id, { enabled: item.dataset.enabled === undefined });
      break;
    default:
      if (!confirm("Remove this section?")) return;
      answer = await ask("DELETE", "/sections/" + id);
  }
  if (answer.ok) location.reload();
  else say(answer.message);
}));
