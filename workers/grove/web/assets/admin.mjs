// What the modules of the admin panel share: requests to the site's API, and what is said about them.

/**
 * An element that the page is sure to have.
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement}
 */
export function find(selector, within = document) {
  const element = within.querySelector(selector);
  if (!(element instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return element;
}

/**
 * An input of the page.
 * @param {string} selector
 * @returns {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement}
 */
export const field = (selector) => /** @type {HTMLInputElement} */ (find(selector));

/** What the API answered. */
export class Answer {
  /**
   * @param {number} status
   * @param {any} body
   */
  constructor(status, body) {
    this.status = status;
    this.body = body;
    this.ok = status < 300;
    /** @type {string} */
    this.message = body?.error?.message ?? "That did not work. Try again in a moment.";
  }
}

/**
 * Asks the API. Somebody whose session has ended is sent to sign in; nothing that is written is lost by that, for editors keep it locally.
 * @param {string} method
 * @param {string} path below /api/admin
 * @param {object} [body]
 */
export async function ask(method, path, body) {
  const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  const headers = { "X-CSRF-Token": token, "Content-Type": "application/json" };
  const response = await fetch("/api/admin" + path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  if (response.status === 401) location.assign("/auth/login?return_to=" + encodeURIComponent(location.pathname));
  return new Answer(response.status, await response.json().catch(() => undefined));
}

/**
 * Says what happened, for eyes and for screen readers.
 * @param {string} text
 */
export function say(text) {
  find("#status").textContent = text;
}

/**
 * Runs what an event asks for, and says so when the network fails.
 * @template {Event} E
 * @param {(event: E) => Promise<void>} run
 * @returns {(event: E) => void}
 */
export const doing = (run) => (event) => {
  event.preventDefault();
  run(event).catch(() => say("The site cannot be reached. Nothing was changed."));
};
