// The list of comments as it is in the page: threads with the newest first, answers in them with the oldest first, all in one list with depths. Comments are
// put in, changed and taken out one by one, so that what somebody types in the list stays.
import { find, make } from "./page.mjs";

/**
 * @typedef {object} Comment
 * @property {string} id
 * @property {string} [parentId]
 * @property {number} depth
 * @property {string} [authorId]
 * @property {string} [authorName]
 * @property {string} content
 * @property {string} status visible, pending or deleted; sending for one that is on its way
 * @property {number} createdAt
 * @property {number} [editedAt]
 */

const list = find("#comments");

/** The page's comments by id. @type {Map<string, Comment>} */
export const comments = new Map();

for (const item of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-id]"))) {
  const { id = "", parent, depth, at, author, state = "" } = item.dataset;
  comments.set(id, {
    id, parentId: parent, depth: Number(depth), authorId: author, authorName: find("strong", item).textContent ?? "", content: find(".words", item).textContent ?? "",
    status: state, createdAt: Number(at),
  });
}

/** @param {string} id */
export const elementOf = (id) => document.getElementById("c-" + id);

/** The ids in the order in which they are shown. */
function order() {
  /** @type {Map<string, Comment[]>} */
  const answers = new Map();
  for (const c of comments.values()) {
    const above = c.parentId && comments.has(c.parentId) ? c.parentId : "";
    answers.set(above, [...(answers.get(above) ?? []), c]);
  }
  const before = (/** @type {Comment} */ a, /** @type {Comment} */ b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
  /** @type {string[]} */
  const ids = [];
  const walk = (/** @type {Comment[]} */ level) => {
    for (const c of level) {
      ids.push(c.id);
      walk((answers.get(c.id) ?? []).sort(before));
    }
  };
  walk((answers.get("") ?? []).sort((a, b) => before(b, a)));
  return ids;
}

/** @param {Comment} c */
function head(c) {
  const when = new Date(c.createdAt);
  const line = make("p", { class: "byline" }, make("strong", {}, c.status === "deleted" ? "" : c.authorName || "Somebody"), " ",
    make("time", { datetime: when.toISOString() }, when.toLocaleString([], { dateStyle: "long", timeStyle: "short" })));
  if (c.editedAt) line.append(" · changed");
  if (c.status === "pending") line.append(" ", make("span", { class: "badge" }, "Waits for approval"));
  if (c.status === "sending") line.append(" ", make("span", { class: "badge" }, "Sending"));
  return line;
}

/**
 * Shows a comment, or its new state.
 * @param {Comment} c
 * @returns {HTMLElement}
 */
export function put(c) {
  comments.set(c.id, c);
  let item = elementOf(c.id);
  if (!item) {
    item = make("li", { class: "comment", id: "c-" + c.id, "data-id": c.id, "data-depth": String(c.depth) });
    item.append(make("p"), make("p"));
    const ids = order();
    const next = ids.slice(ids.indexOf(c.id) + 1).map(elementOf).find((element) => element !== null);
    list.insertBefore(item, next ?? null);
  }
  item.dataset.state = c.status;
  item.dataset.author = c.authorId ?? "";
  item.children[0].replaceWith(head(c));
  item.children[1].replaceWith(make("p", { class: "words" }, c.status === "deleted" ? "This comment was deleted." : c.content));
  find("#none").hidden = true;
  return item;
}

/** Takes a comment out. @param {string} id */
export function drop(id) {
  comments.delete(id);
  elementOf(id)?.remove();
  find("#none").hidden = comments.size > 0;
}

/** Takes all out. */
export function clear() {
  for (const id of [...comments.keys()]) drop(id);
}
