// Go's traces, as their reader wants them: calls of the program's own, and of the standard library between them. The local host does the same
// (internal/symbols/shown.go, trace.go).

const SHOWN = 24; // calls
const SDK = /^grove\.place\/lattice\/(internal\/|(durables|workers)\.|workers\/(analyticsengine|cache|cloudflare|d1|fetch|internal|kv|queues|r2|ratelimit|rpc|sockets|versionmetadata|websocket)[./])/;
const STANDARD =
  /^(archive|bufio|bytes|cmp|compress|container|context|crypto|database|debug|embed|encoding|errors|expvar|flag|fmt|go|hash|html|image|index|internal|io|iter|log|maps|math|mime|net|os|path|plugin|reflect|regexp|runtime|slices|sort|strconv|strings|structs|sync|syscall|testing|text|time|unicode|unique|unsafe|vendor|weak)[./]/;
const RUNTIME = /^(panic$|(internal\/)?runtime[./])/;

/** @typedef {{name: string, place: string, plumbing: boolean, own: boolean}} Call */

/** Whether a function is of a module: example.com/…, or a path without a dot that is not the standard library's. @param {string} name */
function ours(name) {
  return /^[^/[]*\.[^/[]*\//.test(name) || (/^[^.:[/]+[./]/.test(name) && !STANDARD.test(name));
}

/** Takes a trace apart: what is said before the first stack, and its calls. @param {string} text @returns {{head: string, calls: Call[]}} */
function read(text) {
  const lines = text.split("\n");
  let start = lines.findIndex((line) => /^goroutine .*\]:$/.test(line));
  if (start < 0) start = lines.length;
  /** @type {Call[]} */
  const calls = [];
  let name = "";
  for (let line of lines.slice(start + 1)) {
    line = line.trimEnd();
    if (!line) break;
    if (line[0] === "\t" && name) {
      const from = name.replace(/^created by /, "");
      const plumbing = RUNTIME.test(from) || SDK.test(from);
      calls.push({ name, place: line.replace(/ \+0x.*/, ""), plumbing, own: !plumbing && ours(from) });
      name = "";
    } else {
      name = line.startsWith("created by ") ? line.replace(/ in goroutine .*/, "") : line.replace(/\([^(]*\)$/, "");
    }
  }
  return { head: lines.slice(0, start).join("\n").split(/\nruntime stack:\n|\n\[signal /, 1)[0].trim(), calls };
}

/** A trace as the log gets it: whole, when a variable of the Worker asks for that. @param {string} text @param {any} env */
export function shown(text, env) {
  return env?.LATTICE_TRACES === "full" ? text.trimEnd() : shortened(text);
}

/** Shortens a trace. @param {string} text */
export function shortened(text) {
  const { head, calls } = read(text);
  const last = calls.findLastIndex((c) => c.own);
  const out = [head];
  const put = (/** @type {Call} */ c) => out.push(c.name, c.place);
  if (last < 0) {
    calls.slice(0, SHOWN).forEach(put);
    return out.join("\n");
  }
  const calling = (/** @type {number} */ n) => `\t… ${n === 1 ? "1 call" : `${n} calls`}`;
  let i = 0;
  while (calls[i].plumbing) i++;
  for (let lines = 0; i <= last; lines++) {
    let n = 0;
    while (calls[i + n].plumbing) n++;
    if (n > 0) out.push(`${calling(n)} of Go's runtime and Lattice …`);
    i += n;
    if (lines === SHOWN) {
      out.push(`${calling(calls.length - i)} …`);
      return out.join("\n");
    }
    put(calls[i]);
    for (n = 1; i + n <= last && calls[i + n].name === calls[i].name && calls[i + n].place === calls[i].place;) n++;
    if (n > 1) out.push(`\t… the same ${n - 1} times more …`);
    i += n;
  }
  if (i < calls.length) out.push(`${calling(calls.length - i)} of the standard library and Lattice`);
  return out.join("\n");
}
