// The editor. What is typed is kept in this browser at once and on the site every 30 seconds, as a draft with a revision. When the draft was saved elsewhere
// meanwhile, both versions are shown and the writer chooses; nothing is overwritten unseen.
import { Answer, ask, doing, field, find, say } from "./admin.mjs";

const SYNC = 30_000;
const form = /** @type {HTMLFormElement} */ (find("#editor"));
const dialog = /** @type {HTMLDialogElement} */ (find("#conflict"));
const inputs = { title: field("#title"), slug: field("#slug"), tags: field("#tags"), body: field("#body") };

/** @typedef {{title: string, slug: string, tags: string, body: string}} Text */
/** @typedef {{draftId: string, revision: number, dirty: boolean, version: number, text: Text}} Local */

let postId = form.dataset.post ?? "";
let version = Number(form.dataset.version ?? 0);
const key = () => "grove-draft-" + (postId || "new");

/** UUIDv7, as the site's ids are. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let now = Date.now();
  for (let i = 5; i >= 0; i--, now = Math.floor(now / 256)) bytes[i] = now % 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const device = localStorage.getItem("grove-device") ?? newId();
localStorage.setItem("grove-device", device);

/** @returns {Text} */
const shown = () => ({ title: inputs.title.value, slug: inputs.slug.value, tags: inputs.tags.value, body: inputs.body.value });
const tagsOf = (/** @type {Text} */ t) => t.tags.split(",").map((tag) => tag.trim()).filter(Boolean);

/** @param {Text} text */
function show(text) {
  for (const name of /** @type {(keyof Text)[]} */ (Object.keys(inputs))) inputs[name].value = text[name];
}

/** @returns {Local} */
function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(key()) ?? "");
    if (kept?.draftId && kept.text) return kept;
  } catch {
    // Nothing is kept, or it cannot be read.
  }
  return { draftId: newId(), revision: 0, dirty: false, version, text: shown() };
}

let local = read();

/** @param {Partial<Local>} change */
function keep(change) {
  local = { ...local, ...change };
  try {
    localStorage.setItem(key(), JSON.stringify(local));
  } catch {
    say("This browser has no room left: the text is kept on the site only.");
  }
}

/**
 * Shows both versions and waits for a choice.
 * @param {string} theirs
 * @returns {Promise<"mine" | "theirs">}
 */
function choose(theirs) {
  find("#mine").textContent = inputs.body.value;
  find("#theirs").textContent = theirs;
  dialog.showModal();
  return new Promise((resolve) => {
    // Escape leaves the text as it is: what is typed here is never thrown away without a button.
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "theirs" ? "theirs" : "mine"), { once: true });
  });
}

/** @param {any} draft @returns {Text} */
const textOf = (draft) => ({ title: draft.metadata.title, slug: draft.slug, tags: (draft.metadata.tags ?? []).join(", "), body: draft.content });

let syncing = false;

/** Saves the draft on the site, if it has changed since. */
async function sync() {
  if (syncing || !local.dirty || dialog.open) return;
  syncing = true;
  try {
    const text = shown();
    const answer = await ask("PUT", "/drafts/" + local.draftId, {
      postId, slug: text.slug, content: text.body, metadata: { title: text.title, tags: tagsOf(text) }, baseRevision: local.revision, deviceId: device,
    });
    if (answer.ok) {
      // What was typed while the answer was on its way is still to be saved.
      keep({ revision: answer.body.revision, dirty: JSON.stringify(shown()) !== JSON.stringify(text) });
      return say("Draft saved.");
    }
    if (answer.status !== 409) return say(answer.message);
    await settle(answer);
  } catch {
    say("Offline: the text is kept in this browser.");
  } finally {
    syncing = false;
  }
}

/** @param {Answer} answer */
async function settle(answer) {
  const current = answer.body.current;
  if (answer.body.deleted || !current) {
    keep({ draftId: newId(), revision: 0 });
    return say("This draft was published or deleted elsewhere. Your text goes on as a new draft.");
  }
  const choice = await choose(current.content);
  if (choice === "theirs") show(textOf(current));
  keep({ revision: current.revision, dirty: choice === "mine", text: shown() });
  say(choice === "mine" ? "Your version is kept; it is saved next." : "The other version is shown now.");
}

/** Starts from what is newer: the text of this browser, the draft on the site, or the post. */
async function begin() {
  if (local.revision === 0 && !local.dirty && postId) {
    // Perhaps another device has a draft of this post.
    const list = await ask("GET", "/drafts");
    const other = list.ok && list.body.drafts.find((/** @type {any} */ d) => d.postId === postId);
    if (other) local = { ...local, draftId: other.draftId };
  }
  const answer = await ask("GET", "/drafts/" + local.draftId);
  const remote = answer.ok ? answer.body : undefined;
  if (remote && remote.revision !== local.revision) {
    if (local.dirty) {
      show(local.text);
      await settle(new Answer(409, { current: remote }));
    } else {
      show(textOf(remote));
      keep({ revision: remote.revision, text: shown() });
    }
  } else if (local.dirty || remote) {
    show(remote && !local.dirty ? textOf(remote) : local.text);
  }
}

form.addEventListener("input", () => keep({ dirty: true, text: shown() }));
setInterval(sync, SYNC);
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && sync());

/** Writes the text into the post, made now if it is new. @returns {Promise<boolean>} */
async function save() {
  const text = shown();
  const body = { title: text.title, slug: text.slug, tags: tagsOf(text), body: text.body };
  let answer = postId ? await ask("PUT", "/posts/" + postId, { ...body, version }) : await ask("POST", "/posts", body);
  if (answer.status === 409 && answer.body.current) {
    const current = answer.body.current;
    const choice = await choose(current.body ?? "");
    version = current.version;
    if (choice === "theirs") {
      show({ title: current.title, slug: current.slug, tags: current.tags.join(", "), body: current.body ?? "" });
      keep({ dirty: true, text: shown() });
      return false;
    }
    answer = await ask("PUT", "/posts/" + postId, { ...body, version });
  }
  if (!answer.ok) {
    say(answer.message);
    return false;
  }
  const before = key();
  postId = answer.body.id;
  version = answer.body.version;
  inputs.slug.value = answer.body.slug;
  if (before !== key()) localStorage.removeItem(before);
  history.replaceState(null, "", "/admin/posts/" + postId);
  if (local.revision > 0) await ask("DELETE", "/drafts/" + local.draftId);
  localStorage.removeItem(key());
  local = { draftId: newId(), revision: 0, dirty: false, version, text: shown() };
  say("Saved.");
  return true;
}

/** @param {"publish" | "unpublish"} what */
async function setStatus(what) {
  if (what === "publish" && !(await save())) return;
  const answer = await ask("POST", `/posts/${postId}/${what}`, { version });
  if (!answer.ok) return say(answer.message);
  version = answer.body.version;
  say(what === "publish" ? "Published." : "Taken back: it is a draft again.");
}

form.addEventListener("submit", doing(async (event) => {
  const action = /** @type {SubmitEvent} */ (event).submitter?.getAttribute("value");
  if (action === "publish" || action === "unpublish") await setStatus(action);
  else await save();
}));

begin().catch(() => local.dirty && show(local.text));
