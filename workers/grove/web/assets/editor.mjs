// The editor. What is typed is kept in this browser at once and on the site every 30 seconds, as a draft with a revision. When the draft was saved elsewhere
// meanwhile, both versions are shown and the writer chooses; nothing is overwritten unseen. A post changes only when it is published.
import { Answer, ask, confirmed, doing, field, find, newId, say } from "./admin.mjs";
import { offerImages } from "./images.mjs";

const SYNC = 30_000;
const form = /** @type {HTMLFormElement} */ (find("#editor"));
const dialog = /** @type {HTMLDialogElement} */ (find("#conflict"));
const inputs = { title: field("#title"), slug: field("#slug"), tags: field("#tags"), body: field("#body") };

/** @typedef {{title: string, slug: string, tags: string, body: string}} Text */
/** @typedef {{draftId: string, postId: string, revision: number, dirty: boolean, at: number, text: Text, newPost?: string}} Local */

let postId = form.dataset.post ?? "";
let version = Number(form.dataset.version);
const asked = new URLSearchParams(location.search).get("draft") ?? "";
const firstId = /^[0-9a-f-]{36}$/.test(asked) ? asked : newId();
const key = () => "grove-draft-" + (postId || firstId);

const device = localStorage.getItem("grove-device") ?? newId();
localStorage.setItem("grove-device", device);

/** @returns {Text} */
const shown = () => ({ title: inputs.title.value, slug: inputs.slug.value, tags: inputs.tags.value, body: inputs.body.value });
const tagsOf = (/** @type {Text} */ t) => t.tags.split(",").map((tag) => tag.trim()).filter(Boolean);
const same = (/** @type {Text} */ a, /** @type {Text} */ b) => a.title === b.title && a.slug === b.slug && a.tags === b.tags && a.body === b.body;
const clock = (/** @type {number} */ ms) => new Date(ms).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
const saved = (/** @type {string} */ text) => void (find("#saved").textContent = text);

/** @param {Text} text */
function show(text) {
  for (const name of /** @type {(keyof Text)[]} */ (Object.keys(inputs))) inputs[name].value = text[name];
}

/** @returns {Local} */
const fresh = () => ({ draftId: postId ? newId() : firstId, postId, revision: 0, dirty: false, at: 0, text: shown() });

/** @returns {Local} */
function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(key()) ?? "");
    if (kept?.draftId && kept.text) return kept;
  } catch {
    // Nothing is kept, or it cannot be read.
  }
  return fresh();
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

/** Forgets the draft: its text is in the post now, or deleted. */
function forget() {
  localStorage.removeItem(key());
  local = fresh();
}

/** Shows what can be done with the post as it is. @param {string} state @param {string} slug */
function showState(state, slug) {
  const live = state === "published";
  find("#publish").textContent = live ? "Publish changes" : "Publish";
  find("#unpublish").hidden = !live;
  const link = find("#see");
  link.hidden = !live;
  link.setAttribute("href", "/posts/" + slug);
}
showState(form.dataset.state ?? "", form.dataset.at ?? "");

/**
 * Shows both versions and waits for a choice. Escape keeps what is typed here: it is never thrown away without a button.
 * @param {Text} theirs
 * @param {number} when
 * @returns {Promise<"mine" | "theirs">}
 */
function choose(theirs, when) {
  const text = (/** @type {Text} */ t) => `${t.title}\n\n${t.body}`;
  find("#mine").textContent = text(shown());
  find("#theirs").textContent = text(theirs);
  find("#mine-when").textContent = local.at ? "typed " + clock(local.at) : "";
  find("#theirs-when").textContent = when ? "saved " + clock(when) : "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
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
  let again = false;
  try {
    const text = shown();
    const answer = await ask("PUT", "/drafts/" + local.draftId, {
      postId, slug: text.slug, content: text.body, metadata: { title: text.title, tags: tagsOf(text) }, baseRevision: local.revision, deviceId: device,
    });
    if (answer.ok) {
      // What was typed while the answer was on its way is still to be saved.
      keep({ revision: answer.body.revision, dirty: !same(shown(), text) });
      saved("Draft saved " + new Date().toLocaleTimeString([], { timeStyle: "short" }));
    } else if (answer.status === 409) again = await settle(answer);
    else saved(answer.message);
  } catch {
    saved("Offline: kept in this browser");
  } finally {
    syncing = false;
  }
  if (again) await sync();
}

/**
 * Decides what to do about a draft that has changed elsewhere. It reports whether the text here is to be saved now.
 * @param {Answer} answer
 */
async function settle(answer) {
  const current = answer.body.current;
  if (answer.body.deleted || !current) {
    keep({ draftId: newId(), revision: 0 });
    say("This draft was published or deleted elsewhere. Your text goes on as a new draft.");
    return true;
  }
  const theirs = textOf(current);
  if (same(theirs, shown())) {
    keep({ revision: current.revision, dirty: false });
    return false;
  }
  const choice = await choose(theirs, current.lastSaved);
  if (choice === "theirs") show(theirs);
  keep({ revision: current.revision, dirty: choice === "mine", text: shown() });
  say(choice === "mine" ? "Your version goes on." : "The other version is shown now.");
  return choice === "mine";
}

/** Starts from what is newer: the text of this browser, the draft on the site, or the post. */
async function begin() {
  if (local.dirty) show(local.text);
  if (local.revision === 0 && !local.dirty && postId) {
    // Perhaps another device has a draft of this post.
    const list = await ask("GET", "/drafts");
    const other = list.ok && list.body.drafts.find((/** @type {any} */ d) => d.postId === postId);
    if (!other) return;
    local = { ...local, draftId: other.draftId };
  } else if (local.revision === 0 && !local.dirty && !asked) return;
  const answer = await ask("GET", "/drafts/" + local.draftId);
  const remote = answer.ok ? answer.body : undefined;
  if (!remote) {
    if (answer.status === 404 && !local.dirty && local.revision > 0) forget(); // it was published or deleted elsewhere
    return;
  }
  if (remote.postId && !postId) return location.replace("/admin/posts/" + remote.postId);
  if (remote.revision !== local.revision && local.dirty) {
    if (await settle(new Answer(409, { current: remote }))) await sync();
  } else if (!local.dirty) {
    show(textOf(remote));
    keep({ revision: remote.revision, text: shown() });
    saved("Draft of " + clock(remote.lastSaved));
  }
}

form.addEventListener("input", () => {
  if (!postId && !asked && local.at === 0) history.replaceState(null, "", "?draft=" + firstId);
  keep({ dirty: true, at: Date.now(), text: shown() });
  saved("Kept in this browser");
});
setInterval(sync, SYNC);
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && sync());

/**
 * Makes the post. Its id is chosen here and kept, so that one is made even when it is asked for twice because an answer was lost.
 * @param {object} body
 * @returns {Promise<Answer>}
 */
async function create(body) {
  const post = async () => {
    const id = local.newPost ?? newId();
    keep({ newPost: id });
    return ask("POST", "/posts", { ...body, id });
  };
  const answer = await post();
  if (answer.body?.error?.code !== "id_taken") return answer;
  keep({ newPost: newId() }); // it was made, and deleted since
  return post();
}

/** Goes on with a post that is there now. @param {string} id */
function adopt(id) {
  localStorage.removeItem(key());
  postId = id;
  history.replaceState(null, "", "/admin/posts/" + postId);
  keep({ postId });
}

/** Writes the text into the post, made now if it is new. @returns {Promise<boolean>} */
async function save() {
  const text = shown();
  const body = { title: text.title, slug: text.slug, tags: tagsOf(text), body: text.body };
  let answer = postId ? await ask("PUT", "/posts/" + postId, { ...body, version }) : await create(body);
  if (!postId && answer.ok) {
    adopt(answer.body.id);
    // It was made before, and the answer was lost: the text may have changed since.
    if (answer.status === 200) answer = await ask("PUT", "/posts/" + postId, { ...body, version: 1 });
  }
  if (answer.status === 409 && answer.body.current) {
    const current = answer.body.current;
    const theirs = { title: current.title, slug: current.slug, tags: current.tags.join(", "), body: current.body ?? "" };
    const choice = same(theirs, text) ? "mine" : await choose(theirs, current.updatedAt);
    version = current.version;
    if (choice === "theirs") {
      show(theirs);
      keep({ dirty: true, text: shown() });
      return false;
    }
    answer = await ask("PUT", "/posts/" + postId, { ...body, version });
  }
  if (!answer.ok) {
    say(answer.message, true);
    return false;
  }
  version = answer.body.version;
  inputs.slug.value = answer.body.slug;
  return true;
}

async function publish() {
  if (!(await save())) return;
  const answer = await ask("POST", `/posts/${postId}/publish`, { version, draftId: local.revision > 0 ? local.draftId : "" });
  if (!answer.ok) return say(answer.message, true);
  version = answer.body.version;
  forget();
  showState("published", answer.body.slug);
  saved("");
  say("Published. Everybody can read it now.", true);
}

async function unpublish() {
  const answer = await ask("POST", `/posts/${postId}/unpublish`, { version });
  if (!answer.ok) return say(answer.message, true);
  version = answer.body.version;
  showState("draft", "");
  say("Taken back: only you and the editors see it now.", true);
}

async function remove() {
  if (!(await confirmed(postId ? "The post is deleted for good, with its comments." : "The draft is deleted on all your devices.", "Delete"))) return;
  const answer = postId ? await ask("DELETE", "/posts/" + postId) : await ask("DELETE", "/drafts/" + local.draftId);
  if (!answer.ok && answer.status !== 404) return say(answer.message, true);
  localStorage.removeItem(key());
  location.assign("/admin/posts");
}

form.addEventListener("submit", doing(async (event) => {
  switch (/** @type {SubmitEvent} */ (event).submitter?.getAttribute("value")) {
    case "publish":
      return publish();
    case "unpublish":
      return unpublish();
    case "delete":
      return remove();
    default:
      keep({ dirty: true, text: shown() });
      return sync();
  }
}));
document.addEventListener("keydown", (event) => {
  if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  keep({ dirty: true, text: shown() });
  sync();
});

// What is shown in the preview was rendered and sanitised by the site, as readers get it.
find("#show-preview").addEventListener("click", doing(async () => {
  const button = find("#show-preview");
  const preview = find("#preview");
  if (preview.hidden) {
    const answer = await ask("POST", "/preview", { body: inputs.body.value });
    if (!answer.ok) return say(answer.message, true);
    preview.innerHTML = answer.body.html || "<p>There is nothing to show yet.</p>";
  }
  preview.hidden = !preview.hidden;
  button.textContent = preview.hidden ? "Preview" : "Close the preview";
  button.setAttribute("aria-expanded", String(!preview.hidden));
}));

offerImages((markdown) => {
  const at = inputs.body.selectionStart ?? inputs.body.value.length;
  inputs.body.setRangeText(markdown, at, inputs.body.selectionEnd ?? at, "end");
  inputs.body.dispatchEvent(new Event("input", { bubbles: true }));
  inputs.body.focus();
});

begin().catch(() => saved("Offline: kept in this browser"));
