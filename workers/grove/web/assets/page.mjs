// What the modules of all pages share: elements, requests to the host that the page came from, questions, and what is said about them.

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
 * @param {ParentNode} [within]
 * @returns {HTMLInputElement}
 */
export const field = (selector, within) => /** @type {HTMLInputElement} */ (find(selector, within));

/**
 * Makes an element: its text, and attributes.
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {...(string | Node)} children
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** UUIDv7, as the site's ids are. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let now = Date.now();
  for (let i = 5; i >= 0; i--, now = Math.floor(now / 256)) bytes[i] = now % 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Goes to the sign-in page, from where the visitor comes back here. */
export function leave() {
  location.replace("/auth/login?return_to=" + encodeURIComponent(location.pathname));
}

/** What the host answered. */
export class Answer {
  /**
   * @param {number} status
   * @param {any} body
   */
  constructor(status, body) {
    this.status = status;
    this.body = body;
    this.ok = status >= 200 && status < 300;
    /** @type {string} */
    this.message = body?.error?.message ?? "That did not work. Try again in a moment.";
  }
}

/**
 * Sends a request with the page's CSRF token. Somebody whose session has ended is sent to sign in.
 * @param {string} method
 * @param {string} path
 * @param {object | Blob} [body] what is sent: an object as JSON, a file as it is
 */
export async function send(method, path, body) {
  const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  /** @type {Record<string, string>} */
  const headers = { "X-CSRF-Token": token };
  if (!(body instanceof Blob)) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method, headers, body: body instanceof Blob ? body : body && JSON.stringify(body), cache: "no-store" });
  if (response.status === 401) leave();
  return new Answer(response.status, await response.json().catch(() => undefined));
}

/**
 * Says what happened, for eyes and for screen readers.
 * @param {string} text
 * @param {boolean} [focus] moves the focus there as well: the button that was pressed may be gone
 */
export function say(text, focus = false) {
  const status = find("#status");
  status.textContent = text;
  if (focus) status.focus();
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

/**
 * Asks in the page's dialog. The answer is taken from the button (or Escape) and not from the dialog's close event: that one is
 * told late, perhaps when the next question is open already.
 * @param {string} text
 * @param {string} [yes] what the button says
 * @returns {Promise<boolean>}
 */
export function confirmed(text, yes) {
  const dialog = /** @type {HTMLDialogElement} */ (find("#confirm"));
  find("#confirm-text").textContent = text;
  if (yes) find('button[value="yes"]', dialog).textContent = yes;
  dialog.showModal();
  return new Promise((resolve) => {
    const answered = new AbortController();
    /** @param {boolean} agreed */
    const answer = (agreed) => {
      answered.abort();
      resolve(agreed);
    };
    dialog.addEventListener("cancel", () => answer(false), { signal: answered.signal });
    dialog.addEventListener("submit", (event) => {
      answer(/** @type {HTMLButtonElement} */ (event.submitter).value === "yes");
    }, { signal: answered.signal });
  });
}

/**
 * Takes parts from a fresh copy of this page, so that the server alone knows how they look. It reports false when the page does not have one of them any more.
 * @param {...string} selectors
 */
export async function renew(...selectors) {
  const response = await fetch(location.href, { cache: "no-store" });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  let all = true;
  for (const selector of selectors) {
    const part = page.querySelector(selector);
    if (part) find(selector).replaceWith(part);
    else all = false;
  }
  return all;
}

/**
 * Runs something for each press of a button within a part of the page.
 * @param {string} selector
 * @param {(button: HTMLButtonElement) => Promise<void>} run
 */
export function onButton(selector, run) {
  find(selector).addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (button) doing(() => run(button))(event);
  });
}
