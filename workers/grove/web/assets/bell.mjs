// The bell: how many notifications are unread, as it changes, over a socket of this host. Without this module the number is that of when the page was loaded.
import { find, leave, renew } from "./page.mjs";
import { connect } from "./live.mjs";

const bell = find("#unread");
const title = document.title;
let known = -1;

/** @param {number} unread */
function show(unread) {
  bell.textContent = unread > 0 ? String(unread) : "";
  bell.hidden = unread === 0;
  document.title = unread > 0 ? `(${unread}) ${title}` : title;
}

/** Brings the list of notifications up to date, unless somebody is using it with the keyboard or reads an older page: they are told, and choose. */
async function refresh() {
  const list = document.querySelector("#notifications");
  if (!list) return;
  if (list.contains(document.activeElement) || new URLSearchParams(location.search).has("cursor")) find("#news").hidden = false;
  else await renew("#notifications");
}

connect("/api/notifications/ws", {
  message(/** @type {{type: string, unread: number}} */ message) {
    if (known >= 0) refresh().catch(() => {});
    known = message.unread;
    show(known);
  },
  ended: leave,
});
