// The live part of the dashboard: views as they happen, over the site's WebSocket, and numbers that are counted again on request.
import { ask, doing, find, say } from "./admin.mjs";

const recent = find("#recent");
const feed = find("#feed");
let wait = 1000;

function connect() {
  const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/api/live");
  socket.onmessage = (event) => {
    wait = 1000;
    /** @type {{type: string, event?: string, path?: string, recent: number}} */
    const message = JSON.parse(event.data);
    recent.textContent = String(message.recent);
    if (message.type !== "event") return;
    const item = document.createElement("li");
    item.textContent = `${(message.event ?? "").replaceAll("_", " ")} ${message.path ?? ""}`;
    feed.prepend(item);
    while (feed.children.length > 10) feed.lastElementChild?.remove();
  };
  socket.onclose = ({ code }) => {
    // 4401: signed out, 4403: the role is gone. Everything else is worth another try, less and less often.
    if (code === 4401 || code === 4403) return say("The live view has ended: sign in again.");
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 60_000);
  };
}
if (find("#live").dataset.live !== undefined) connect();

find("#refresh").addEventListener("click", doing(async () => {
  const answer = await ask("POST", "/stats/refresh");
  if (answer.ok) location.reload();
  else say(answer.message);
}));
