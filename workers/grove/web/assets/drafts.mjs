// The list of drafts: deleting one, and those that only this browser has.
import { ask, confirmed, find, make, onButton, renew, say } from "./admin.mjs";

/** Texts that were typed here and have not reached the site. */
function showLocal() {
  const list = find("#drafts");
  for (const key of Object.keys(localStorage)) {
    const id = key.replace("grove-draft-", "");
    if (id === key) continue;
    try {
      const kept = JSON.parse(localStorage.getItem(key) ?? "");
      if (!kept.dirty || list.querySelector(`[data-draft="${CSS.escape(kept.draftId)}"]`)) continue;
      const link = make("a", { href: kept.postId ? "/admin/posts/" + kept.postId : "/admin/posts/new?draft=" + id }, kept.text.title || "Without a title");
      list.querySelector(".empty")?.remove();
      list.prepend(make("li", {}, make("div", {}, make("h2", {}, link), make("p", {}, "Only in this browser so far"))));
    } catch {
      // Not one of ours.
    }
  }
}
showLocal();

onButton("#main", async (button) => {
  if (!(await confirmed("The draft is deleted on all your devices. A published post stays as it is.", "Delete"))) return;
  const answer = await ask("DELETE", "/drafts/" + button.value);
  if (answer.ok || answer.status === 404) localStorage.removeItem("grove-draft-" + button.value);
  await renew("#drafts");
  showLocal();
  say(answer.ok ? "Deleted." : answer.message, true);
});
