// The editor of a trail. Rows are added from the page's templates and moved by buttons; a status of a saved waypoint is changed at once, everything else
// when the trail is saved, on the version that was shown.
import { ask, confirmed, doing, field, find, newId, say } from "./admin.mjs";

const form = find("#trail");
const waypoints = find("#waypoints");
const phases = find("#phases");
const rows = (/** @type {HTMLElement} */ list) => /** @type {HTMLElement[]} */ ([...list.children]);
const value = (/** @type {HTMLElement} */ row, /** @type {string} */ name) => field(`[data-name="${name}"]`, row).value;

/** Offers the phases as they are now in each waypoint. */
function offerPhases() {
  const list = rows(phases).map((row) => new Option(value(row, "name") || "Without a name", row.dataset.id));
  for (const select of waypoints.querySelectorAll("select[data-phase]")) {
    if (!(select instanceof HTMLSelectElement)) continue;
    const chosen = select.dataset.phase;
    select.replaceChildren(new Option("None", ""), ...list.map((option) => /** @type {HTMLOptionElement} */ (option.cloneNode(true))));
    select.value = list.some((option) => option.value === chosen) ? chosen ?? "" : "";
  }
}
offerPhases();

/**
 * @param {HTMLElement} list
 * @param {string} template
 */
function add(list, template) {
  const row = /** @type {HTMLElement} */ (/** @type {HTMLTemplateElement} */ (find(template)).content.firstElementChild?.cloneNode(true));
  row.dataset.id = newId();
  list.append(row);
  offerPhases();
  find("input", row).focus();
}
document.querySelector("#add-phase")?.addEventListener("click", () => add(phases, "#phase"));
document.querySelector("#add-waypoint")?.addEventListener("click", () => add(waypoints, "#waypoint"));

form.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("li button");
  const row = button?.closest("li");
  if (!(button instanceof HTMLButtonElement) || !row) return;
  if (button.value === "up") row.previousElementSibling?.before(row);
  if (button.value === "down") row.nextElementSibling?.after(row);
  if (button.value === "remove") {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next?.querySelector("input") ?? field("#name")).focus();
  } else button.focus();
  offerPhases();
});

form.addEventListener("change", (event) => {
  const input = /** @type {HTMLInputElement} */ (event.target);
  if (input.dataset.phase !== undefined) input.dataset.phase = input.value;
  if (input.dataset.name === "name") offerPhases();
  const row = input.closest("li");
  if (input.dataset.name !== "status" || row?.dataset.saved === undefined) return;
  doing(async () => {
    const answer = await ask("PUT", `/trails/${form.dataset.slug}/waypoints/${row.dataset.id}/status`, { status: input.value });
    say(answer.ok ? `“${value(row, "title")}” is changed for all who look.` : answer.message);
  })(event);
});

form.addEventListener("submit", doing(async () => {
  const was = form.dataset.slug || field("#slug").value;
  const answer = await ask("PUT", "/trails/" + encodeURIComponent(was), {
    slug: field("#slug").value, name: field("#name").value, intro: field("#intro").value, version: Number(form.dataset.version),
    visibility: field("#private").checked ? "private" : "public",
    phases: rows(phases).map((row) => ({ id: row.dataset.id, name: value(row, "name") })),
    waypoints: rows(waypoints).map((row) => ({
      id: row.dataset.id, title: value(row, "title"), status: value(row, "status"), phaseId: value(row, "phaseId"), targetDate: value(row, "targetDate"),
      description: value(row, "description"),
    })),
  });
  if (answer.status === 409) {
    say(answer.message + " Load the page to see it; what you changed here is lost then.", true);
    return;
  }
  if (!answer.ok) return say(answer.message, true);
  location.assign("/admin/trails/" + encodeURIComponent(answer.body.slug) + "?saved=1");
}));

document.querySelector("#delete")?.addEventListener("click", doing(async () => {
  if (!(await confirmed("The trail and its waypoints are deleted for good.", "Delete"))) return;
  const answer = await ask("DELETE", "/trails/" + form.dataset.slug);
  if (answer.ok) location.assign("/admin/trails");
  else say(answer.message, true);
}));

if (new URLSearchParams(location.search).has("saved")) say("Saved.", true);
