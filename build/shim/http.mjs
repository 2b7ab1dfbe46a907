// HTTP: requests and responses as messages. A body of known, small length travels inside; others are streams.

import { Event, INLINE_BODY, Op, Start } from "./abi.mjs";
import { readTarget } from "./rpc.mjs";
import { giveSocket, socketNumber } from "./sockets.mjs";
import { openSink, streamOperations } from "./streams.mjs";

const bodyNone = 0;
const bodyInline = 1;
const bodyStream = 2;
const redirects = /** @type {const} */ (["follow", "manual", "error"]);
const nullBodyStatus = new Set([101, 204, 205, 304]);

/** The length that the headers promise, or -1. @param {Request | Response} message */
function knownLength(message) {
  const header = message.headers.get("content-length");
  if (header === null || !/^[0-9]{1,15}$/.test(header) || message.headers.has("content-encoding")) return -1;
  return Number(header);
}

/** Reads a body that belongs inside the message; null when there is none, undefined when it has to stream. @param {any} message @returns {Promise<Uint8Array> | null | undefined} */
function smallBody(message) {
  if (!message.body) return null;
  const length = knownLength(message);
  if (length < 0 || length > INLINE_BODY) return undefined;
  return message.arrayBuffer().then((/** @type {ArrayBuffer} */ b) => new Uint8Array(b));
}

/** @param {import("./abi.mjs").Writer} w @param {Headers} headers */
export function writeHeaders(w, headers) {
  const hole = w.hole();
  let n = 0;
  headers.forEach((value, name) => {
    w.str(name);
    w.str(value);
    n++;
  });
  w.fill(hole, n);
}

/** @param {import("./abi.mjs").Writer} w @param {any} message @param {Uint8Array | null | undefined} small @param {import("./frame.mjs").Frame} frame */
export function writeBody(w, message, small, frame, length = knownLength(message)) {
  if (small === null || !small && !message?.body) return w.u8(bodyNone);
  if (small) {
    w.u8(bodyInline);
    return w.blob(small);
  }
  w.u8(bodyStream);
  w.uint(frame.references.source(message.body));
  w.f64(length);
}

/** @param {import("./abi.mjs").Writer} w @param {number} object @param {any} request @param {Uint8Array | null | undefined} small @param {import("./frame.mjs").Frame} frame */
function startFetch(w, object, request, small, frame) {
  w.u8(Event.START);
  w.u8(Start.FETCH);
  w.uint(object);
  writeRequest(w, request, small, frame);
}

/** @param {import("./abi.mjs").Writer} w @param {any} request @param {Uint8Array | null | undefined} small undefined: a body streams @param {import("./frame.mjs").Frame} frame */
export function writeRequest(w, request, small, frame) {
  w.str(request.method);
  w.str(request.url);
  writeHeaders(w, request.headers);
  writeBody(w, request, small, frame);
  w.str(request.cf ? JSON.stringify(request.cf) : "");
}

/**
 * Answers a fetch event of an object or the Worker.
 * @param {{start(encode: any, a: any, b: any): any}} target @param {Request} request
 */
export function answerFetch(target, request) {
  const small = smallBody(request);
  if (small) return small.then((bytes) => target.start(startFetch, request, bytes));
  return target.start(startFetch, request, small);
}

/** @param {import("./abi.mjs").Reader} r */
export function readHeaders(r) {
  /** @type {Array<[string, string]>} */
  const headers = [];
  for (let n = r.count(); n > 0; n--) headers.push([r.str(), r.str()]);
  return headers;
}

/** Reads a Body; a stream gets its sink. @param {import("./frame.mjs").Frame} frame @param {import("./abi.mjs").Reader} r @param {boolean} refused the body cannot be sent */
export function readBody(frame, r, refused = false) {
  const mode = r.u8();
  if (mode === bodyNone) return null;
  if (mode === bodyInline) {
    const bytes = r.blob();
    return refused ? null : bytes;
  }
  if (mode !== bodyStream) r.fail(`unknown body mode ${mode}`);
  const number = r.uint();
  const length = r.f64();
  return openSink(frame, number, length, refused);
}

/** @param {import("./frame.mjs").Frame} frame @param {import("./abi.mjs").Reader} r */
export function readResponse(frame, r) {
  const status = r.uint();
  const statusText = r.str();
  const headers = readHeaders(r);
  const body = readBody(frame, r, nullBodyStatus.has(status));
  const socket = r.uint();
  if (socket) return new Response(null, { status, statusText, headers, webSocket: giveSocket(frame, socket) });
  // Go has encoded the body that it labels as encoded.
  const encodeBody = headers.some(([name]) => name.toLowerCase() === "content-encoding") ? "manual" : undefined;
  return new Response(body, /** @type {any} */ ({ status, statusText, headers, encodeBody }));
}

/** @param {import("./frame.mjs").Frame} frame @param {import("./abi.mjs").Reader} r */
export function readRequest(frame, r) {
  const method = r.str();
  const url = r.str();
  const headers = readHeaders(r);
  const body = readBody(frame, r) ?? undefined;
  const cf = r.str();
  return { url, init: { method, headers, body, cf: cf ? JSON.parse(cf) : undefined } };
}

/** @param {Promise<Response> | Response} promise */
export async function received(promise) {
  const response = await promise;
  return { response, small: await smallBody(response) };
}

/** @param {import("./abi.mjs").Writer} w @param {{response: Response, small: Uint8Array | null | undefined}} v @param {import("./frame.mjs").Frame} frame */
export function writeResponse(w, { response, small }, frame) {
  w.uint(response.status);
  w.str(response.statusText);
  writeHeaders(w, response.headers);
  writeBody(w, response, small, frame);
  w.uint(response.webSocket ? socketNumber(frame, response.webSocket) : 0);
}

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const httpOperations = {
  ...streamOperations,
  [Op.RESPOND](frame, r) {
    const end = r.bool();
    frame.succeed(readResponse(frame, r));
    if (end) frame.over = true;
  },
  [Op.FETCH](frame, r, w, id) {
    const target = readTarget(frame, r);
    const { url, init } = readRequest(frame, r);
    const redirect = redirects[r.u8()];
    const options = /** @type {any} */ ({ ...init, redirect });
    if (target) return frame.complete(id, received(target.fetch(url, options)), writeResponse);
    const { fetches } = frame.scope;
    const controller = new AbortController();
    fetches.set(id, controller);
    const response = received(fetch(url, { ...options, signal: controller.signal }));
    return frame.complete(id, response.finally(() => fetches.delete(id)), writeResponse);
  },
  [Op.ABANDON](frame, r) {
    frame.scope.fetches.get(r.uint())?.abort();
  },
};
