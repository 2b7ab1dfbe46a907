// The live parts of a signed-in page: it leaves when its session has ended elsewhere, and the list of sessions
// asks and acts without a page load. Everything works without this module, by links and forms.

const POLL = 5000;

/**
 * An element that the page is sure to have.
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement}
 */
function find(selector, within = document) {
  const element = within.querySelector(selector);
  if (!(element instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return element;
}

/** @returns {string} */
const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";

function leave() {
  location.replace("/auth/login?return_to=" + encodeURIComponent(location.pathname));
}

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

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 */
async function change(method, path, body) {
  const headers = { "X-CSRF-Token": csrfToken(), "Content-Type": "application/json" };
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  if (response.status === 401) return leave();
  if (!response.ok && response.status !== 404) throw new Error(`${method} ${path}: ${response.status}`);
  return response.status === 200 ? response.json() : undefined;
}

/**
 * Asks in the page's dialog. The answer is taken from the button (or Escape) and not from the dialog's close event: that one is
 * told late, perhaps when the next question is open already.
 * @param {string} text
 * @returns {Promise<boolean>}
 */
function confirmed(text) {
  const dialog = /** @type {HTMLDialogElement} */ (find("#confirm"));
  find("#confirm-text").textContent = text;
  dialog.showModal();
  return new Promise((resolve) => {
    const answered = new AbortController();
    /** @param {boolean} yes */
    const answer = (yes) => {
      answered.abort();
      resolve(yes);
    };
    dialog.addEventListener("cancel", () => answer(false), { signal: answered.signal });
    dialog.addEventListener("submit", (event) => {
      answer(/** @type {HTMLButtonElement} */ (event.submitter).value === "yes");
    }, { signal: answered.signal });
  });
}

/** Takes the list from a fresh page, so that the server alone knows how it looks. */
async function reload() {
  const response = await fetch("/settings/sessions", { cache: "no-store" });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const list = page.querySelector("#sessions");
  if (!list) return leave();
  find("#sessions").replaceWith(list);
}

/**
 * Says what was done, where the focus goes as well: the button that was pressed may be gone.
 * @param {string} text
 */
function say(text) {
  const status = find("#status");
  status.textContent = text;
  status.focus();
}

find("#main").addEventListener("click", async (event) => {
  const link = /** @type {HTMLElement} */ (event.target).closest("[data-revoke], [data-revoke-others]");
  if (!(link instanceof HTMLAnchorElement)) return;
  event.preventDefault();
  const id = link.dataset.revoke;
  const question = id ? `${link.dataset.device} is signed out at once.` : "Every other browser is signed out at once.";
  if (!(await confirmed(question))) return link.focus();
  try {
    if (id) await change("DELETE", "/auth/sessions/" + encodeURIComponent(id));
    else await change("POST", "/auth/sessions/revoke-all", { exceptCurrent: true });
    await reload();
    say(id ? "That session was ended. It is signed out now." : "You are signed out everywhere else.");
  } catch {
    say("That did not work. Nothing may have changed; load the page and try again.");
  }
});
