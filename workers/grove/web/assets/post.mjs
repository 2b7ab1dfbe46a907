// The live part of a post: comments, reactions, who reads and who types, over the post's WebSocket. What is sent has an id of this page and is sent again
// after a lost connection until it is acknowledged; the same id twice is done once.
import { clear, comments, drop, elementOf, put } from "./comments.mjs";
import { connect } from "./live.mjs";
import { confirmed, find, make, newId, say, send } from "./page.mjs";

/** @typedef {import("./comments.mjs").Comment} Comment */

const section = find("#conversation");
const { post = "", user: me = "" } = section.dataset;
const api = "/api/posts/" + post;
const EDIT = 15 * 60_000;
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("#write"));
let seq = Number(section.dataset.seq);

/** What is on its way, by the id of its message. @type {Map<string, {content: string, parentId?: string}>} */
const outgoing = new Map();

// Reactions.

/** @type {Map<string, HTMLButtonElement>} */
const buttons = new Map();
for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (section.querySelectorAll(".reactions button"))) buttons.set(button.value, button);

/** @param {string} type @param {boolean} [mine] @param {number} [count] */
function showReaction(type, mine, count) {
  const button = buttons.get(type);
  if (!button) return;
  if (mine !== undefined) button.setAttribute("aria-pressed", String(mine));
  if (count !== undefined) find(".count", button).textContent = count ? String(count) : "";
}

/** @param {{counts?: Record<string, number>, mine: string[]}} all */
function showReactions(all) {
  for (const type of buttons.keys()) showReaction(type, all.mine.includes(type), all.counts && (all.counts[type] ?? 0));
}

section.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest(".reactions button");
  if (!(button instanceof HTMLButtonElement)) return;
  const on = button.getAttribute("aria-pressed") !== "true";
  showReaction(button.value, on); // at once; what the answer says counts
  try {
    const answer = await send(on ? "PUT" : "DELETE", `${api}/reactions/${button.value}`);
    if (answer.ok) return showReaction(button.value, answer.body?.added, answer.body?.newCount);
    say(answer.message);
  } catch {
    say("The site cannot be reached. Your reaction was not kept.");
  }
  showReaction(button.value, !on);
});

// Who reads, who types.

/** @param {number} count */
function showPresence(count) {
  find("#presence").textContent = count > 0 ? `${count} reading` : "";
}

/** Names of those who type, and when they last did. @type {Map<string, {name: string, timer: ReturnType<typeof setTimeout>}>} */
const typists = new Map();

function showTyping() {
  const names = [...typists.values()].map((t) => t.name);
  find("#typing").textContent = names.length === 0 ? "" : names.length === 1 ? `${names[0]} is typing…` : names.length === 2 ? `${names[0]} and ${names[1]} are typing…` : "Several people are typing…";
}

/** @param {string} id */
function stopped(id) {
  clearTimeout(typists.get(id)?.timer);
  if (typists.delete(id)) showTyping();
}

/** @param {string} id @param {string} name */
function types(id, name) {
  if (id === me) return;
  clearTimeout(typists.get(id)?.timer);
  typists.set(id, { name, timer: setTimeout(() => stopped(id), 5000) });
  showTyping();
}

// Comments.

/** Shows a comment with what its reader can do with it. @param {Comment} c */
function show(c) {
  const was = comments.get(c.id);
  // What is there already stays, with the focus that may be in it: one's own comment comes twice.
  if (was && elementOf(c.id)?.dataset.ready !== undefined && was.status === c.status && was.content === c.content) return;
  const item = put(c);
  item.dataset.ready = "";
  item.querySelector(":scope > .actions")?.remove();
  /** @type {HTMLElement[]} */
  const actions = [];
  const button = (/** @type {string} */ value, /** @type {string} */ text) => actions.push(make("button", { class: "quiet", value, type: "button", "aria-label": `${text}: ${c.authorName}` }, text));
  if (me && c.status === "visible" && c.depth < 3 && form) button("answer", "Answer");
  if (me && c.authorId === me && (c.status === "visible" || c.status === "pending")) {
    if (Date.now() - c.createdAt < EDIT) button("edit", "Edit");
    button("delete", "Delete");
  }
  if (section.dataset.moderator !== undefined && c.authorId !== me && c.status === "visible") button("hide", "Hide");
  if (actions.length > 0) item.children[1].after(make("p", { class: "actions" }, ...actions));
}
for (const c of comments.values()) show(c);

/** Sends what waits. @param {string} id */
function transmit(id) {
  const what = outgoing.get(id);
  if (what) socket.send({ type: "comment", id, ...what });
}

/** Shows a comment at once and sends it. @param {string} content @param {string} [parentId] */
function write(content, parentId) {
  const id = newId();
  outgoing.set(id, { content, parentId });
  const depth = parentId ? (comments.get(parentId)?.depth ?? 0) + 1 : 0;
  put({ id, parentId, depth, authorId: me, authorName: "You", content, status: "sending", createdAt: Date.now() });
  transmit(id);
}

/** What was sent has arrived. @param {string} id @param {Comment} [c] */
function arrived(id, c) {
  if (outgoing.delete(id)) drop(id);
  if (c) show(c);
}

/** What was sent was refused: it stays, with the reason and a way to go on. @param {string} id @param {string} reason */
function refused(id, reason) {
  const item = elementOf(id);
  const what = outgoing.get(id);
  if (!item || !what) return say(reason);
  const again = make("button", { class: "quiet", type: "button" }, "Try again");
  const away = make("button", { class: "quiet", type: "button" }, "Discard");
  const wrong = make("div", { role: "alert" }, make("p", { class: "wrong" }, reason), make("p", { class: "actions" }, again, away));
  item.querySelector("[role=alert]")?.remove();
  item.append(wrong);
  again.addEventListener("click", () => {
    wrong.remove();
    transmit(id);
  });
  away.addEventListener("click", () => {
    outgoing.delete(id);
    drop(id);
    find("#words").focus();
  });
}

/** Somebody's comment has come. @param {Comment} c */
function came(c) {
  stopped(c.authorId ?? "");
  if (c.authorId === me) {
    // One's own may come before its acknowledgement, and from another window.
    for (const [id, what] of outgoing) if (what.content.trim() === c.content && (what.parentId ?? "") === (c.parentId ?? "")) return arrived(id, c);
  } else if (!comments.has(c.id)) find("#news").textContent = `${c.authorName} commented.`;
  show(c);
}

/** Takes all comments anew, when too much has changed. */
async function reload() {
  const answer = await send("GET", api + "/comments?limit=50");
  if (!answer.ok) return say(answer.message);
  clear();
  for (const c of answer.body.comments) show(c);
  for (const [id, what] of outgoing) put({ id, ...what, depth: 0, authorId: me, authorName: "You", status: "sending", createdAt: Date.now() });
  seq = answer.body.seq;
}

const socket = connect(api + "/ws", {
  message(m) {
    switch (m.type) {
      case "hello":
        if (me && !m.userId) return ended(4401);
        section.dataset.open = "";
        showReactions(m.reactions);
        showPresence(m.count);
        for (const button of buttons.values()) button.disabled = !me;
        if (m.seq !== seq) socket.send({ type: "resync", id: newId(), lastSeq: seq });
        for (const id of outgoing.keys()) transmit(id);
        break;
      case "comment":
      case "comment_edited":
        came(m.comment);
        break;
      case "comment_deleted":
        deleted(m.commentId);
        break;
      case "reaction":
        showReaction(m.reactionType, m.mine, m.count);
        break;
      case "presence":
        showPresence(m.count);
        break;
      case "typing":
        types(m.userId, m.userName);
        break;
      case "ack":
        arrived(m.id, m.comment);
        break;
      case "error":
        if (outgoing.has(m.id)) refused(m.id, m.message);
        else if (m.code !== "rate_limited") say(m.message);
        break;
      case "resync":
        if (!m.complete) {
          reload().catch(() => say("The comments cannot be loaded just now."));
          break;
        }
        for (const id of m.gone ?? []) deleted(id);
        for (const c of m.changed ?? []) came(c);
        showReactions(m.reactions);
        showPresence(m.count);
    }
    if (m.seq > seq) seq = m.seq;
  },
  lost() {
    delete section.dataset.open;
    showPresence(0);
    for (const id of outgoing.keys()) find(".badge", elementOf(id) ?? document).textContent = "Waits for the connection";
  },
  ended,
});

/** The connection does not come back. @param {number} code */
function ended(code) {
  delete section.dataset.open;
  section.dataset.ended = String(code);
  showPresence(0);
  if (form) form.hidden = true;
  for (const button of buttons.values()) button.disabled = true;
  say(code === 4401 ? "You were signed out. Sign in again to take part." : "This post is not published any more.", true);
  if (code === 4401) find("#status").append(" ", make("a", { href: "/auth/login?return_to=" + encodeURIComponent(location.pathname) }, "Sign in"));
}

/** A comment is gone; one that has answers leaves its place. @param {string} id */
function deleted(id) {
  const c = comments.get(id);
  if (!c) return;
  if ([...comments.values()].some((other) => other.parentId === id)) show({ ...c, content: "", authorName: "", authorId: "", status: "deleted" });
  else drop(id);
}

// Writing.

let told = 0;
const typing = () => {
  if (Date.now() - told < 3000) return;
  if (socket.send({ type: "typing" })) told = Date.now();
};

if (form && me) {
  const words = /** @type {HTMLTextAreaElement} */ (find("#words"));
  form.hidden = false;
  words.addEventListener("input", typing);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (words.value.trim() === "") return;
    write(words.value);
    words.value = "";
  });
  for (const area of [form, find("#comments")]) {
    area.addEventListener("keydown", (event) => {
      if (!(event instanceof KeyboardEvent) || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      /** @type {HTMLElement} */ (event.target).closest("form")?.requestSubmit();
    });
  }
}

/**
 * Opens a form below a comment: an answer, or a change of it.
 * @param {HTMLElement} item
 * @param {string} label
 * @param {string} text
 * @param {(text: string) => void | Promise<void>} done
 */
function ask(item, label, text, done) {
  item.querySelector("form")?.remove();
  const area = /** @type {HTMLTextAreaElement} */ (make("textarea", { rows: "3", maxlength: "4000", required: "" }));
  area.value = text;
  const cancel = make("button", { class: "quiet", type: "button" }, "Cancel");
  const answer = make("form", {}, make("label", {}, label, area), make("p", { class: "actions" }, make("button", {}, "Send"), cancel));
  area.addEventListener("input", typing);
  const close = () => {
    answer.remove();
    /** @type {HTMLElement | null} */ (item.querySelector(".actions button"))?.focus();
  };
  cancel.addEventListener("click", close);
  answer.addEventListener("keydown", (event) => event.key === "Escape" && close());
  answer.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (area.value.trim() === "") return;
    await done(area.value);
    close();
  });
  item.append(answer);
  area.focus();
}

/** @param {string} method @param {string} path @param {object} [body] */
async function change(method, path, body) {
  try {
    const answer = await send(method, path, body);
    if (!answer.ok) say(answer.message, true);
    return answer.ok ? answer : undefined;
  } catch {
    say("The site cannot be reached. Nothing was changed.", true);
  }
}

find("#comments").addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button[value]");
  const item = button?.closest("li");
  const c = comments.get(item?.dataset.id ?? "");
  if (!(button instanceof HTMLButtonElement) || !item || !c) return;
  switch (button.value) {
    case "answer":
      return ask(item, `Your answer to ${c.authorName}`, "", (text) => write(text, c.id));
    case "edit":
      return ask(item, "Your comment", c.content, async (text) => {
        const answer = await change("PATCH", `/api/comments/${c.id}?post=${post}`, { content: text });
        if (answer) show(answer.body.comment);
      });
    case "delete":
      if (!(await confirmed("Your comment disappears for everybody."))) return button.focus();
      if (await change("DELETE", `/api/comments/${c.id}?post=${post}`)) {
        deleted(c.id);
        say("Your comment is deleted.", true);
      }
      return;
    case "hide":
      if (await change("POST", `/api/admin/comments/${c.id}/hide?post=${post}`, {})) {
        deleted(c.id);
        say("The comment is hidden. You find it under Comments in the panel.", true);
      }
  }
});

document.querySelector("#older")?.addEventListener("click", async (event) => {
  event.preventDefault();
  const answer = await change("GET", `${api}/comments?limit=50&cursor=${encodeURIComponent(section.dataset.next ?? "")}`);
  if (!answer) return;
  for (const c of answer.body.comments) show(c);
  section.dataset.next = answer.body.nextCursor ?? "";
  if (!answer.body.nextCursor) find("#older").hidden = true;
});
