// The live part of the dashboard: views as they happen, over the site's WebSocket, and numbers that are counted again on request.
import { ask, doing, find, leave, make, renew, say } from "./admin.mjs";
import { connect } from "./live.mjs";

const recent = find("#recent");
const feed = find("#feed");
const kinds = { page_view: "Somebody reads", post_created: "A new post:", comment_created: "A comment on", reaction_given: "A reaction to" };

if (find("#live").dataset.live !== undefined) {
  connect("/api/live", {
    open: () => find("#live").setAttribute("data-open", ""),
    message(/** @type {{type: string, event?: keyof typeof kinds, path?: string, recent: number}} */ message) {
      recent.textContent = String(message.recent);
      if (message.type !== "event") return;
      feed.prepend(make("li", {}, `${(message.event && kinds[message.event]) ?? message.event} ${message.path ?? ""}`));
      while (feed.children.length > 10) feed.lastElementChild?.remove();
    },
    ended: (code) => (code === 4401 ? leave() : say("You do not work on this site any more.")),
  });
}

find("#refresh").addEventListener("click", doing(async () => {
  const answer = await ask("POST", "/stats/refresh");
  if (answer.ok) await renew("#numbers");
  say(answer.ok ? "Counted just now." : answer.message);
}));
