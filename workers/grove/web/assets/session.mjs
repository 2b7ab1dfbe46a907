// The live parts of a signed-in page: it leaves when its session has ended elsewhere, and the list of sessions
// asks and acts without a page load. Everything works without this module, by links and forms.
import { confirmed, find, leave, renew, say, send } from "./page.mjs";

const POLL = 5000;
let asking = false;

/** Asks whether this browser is still signed in. An outage changes nothing: the next answer counts. */
async function check() {
  if (asking || document.visibilityState !== "visible") return;
  asking = true;
  try {
    const response = await fetch("/auth/session", { cache: "no-store" });
    if (response.status === 401) leave();
  } catch {
    // Offline.
  } finally {
    asking = false;
  }
}

document.addEventListener("visibilitychange", check);
window.addEventListener("focus", check);
// A page brought back from the browser's cache may show what nobody may see any more.
window.addEventListener("pageshow", (event) => event.persisted && check());
setInterval(check, POLL);

find("#main").addEventListener("click", async (event) => {
  const link = /** @type {HTMLElement} */ (event.target).closest("[data-revoke], [data-revoke-others]");
  if (!(link instanceof HTMLAnchorElement)) return;
  event.preventDefault();
  const id = link.dataset.revoke;
  const question = id ? `${link.dataset.device} is signed out at once.` : "Every other browser is signed out at once.";
  if (!(await confirmed(question))) return link.focus();
  try {
    const answer = id ? await send("DELETE", "/auth/sessions/" + encodeURIComponent(id)) : await send("POST", "/auth/sessions/revoke-all", { exceptCurrent: true });
    if (!answer.ok && answer.status !== 404) throw new Error(answer.message);
    if (!(await renew("#sessions"))) return leave();
    say(id ? "That session was ended. It is signed out now." : "You are signed out everywhere else.", true);
  } catch {
    say("That did not work. Nothing may have changed; load the page and try again.", true);
  }
});
