// Comments as moderators see them: approve, hide, show again; and people who may not take part.
import { ask, confirmed, find, make, onButton, renew, say } from "./admin.mjs";

const done = { approve: "Everybody sees the comment now.", hide: "The comment is hidden.", restore: "The comment is shown again." };

onButton("#main", async (button) => {
  const item = /** @type {HTMLElement | null} */ (button.closest("[data-comment], [data-blocked]"));
  if (!item) return;
  const { comment, post, author, name, blocked } = item.dataset;
  const what = /** @type {keyof typeof done | "block" | "unblock"} */ (button.value);
  let answer;
  let text = "";
  if (what === "block") {
    if (!(await confirmed(`${name} cannot comment or react on this site any more, and what they wrote is hidden.`, "Block"))) return button.focus();
    answer = await ask("PUT", "/blocked/" + author, { reason: "" });
    text = `${name} is blocked.`;
  } else if (what === "unblock") {
    answer = await ask("DELETE", "/blocked/" + blocked);
    text = `${name} can take part again.`;
  } else {
    answer = await ask("POST", `/comments/${comment}/${what}?post=${post}`, {});
    text = done[what];
  }
  if (answer.ok && comment && what !== "block") {
    item.remove(); // the list on the site hears of it up to half a minute later
    if (find("#list").children.length === 0) find("#list").append(make("li", { class: "empty" }, "That was all."));
  } else if (answer.ok) await renew("#blocked");
  say(answer.ok ? text : answer.message, true);
});
