// Entrypoints of the Worker: classes that the runtime constructs for one event each. Bundles of programs without entrypoints do
// not have this file.

import { WorkerEntrypoint } from "cloudflare:workers";
import { Event, Start } from "./abi.mjs";
import { enter } from "./enter.mjs";
import { Frame } from "./frame.mjs";
import { answerFetch, writeRequest } from "./http.mjs";

/** @param {import("./abi.mjs").Writer} w @param {string} name @param {number} kind */
function startEvent(w, name, kind) {
  w.u8(Event.START);
  w.u8(Start.ENTRYPOINT);
  w.uint(0);
  w.str(name);
  w.u8(kind);
}

/** @param {import("./abi.mjs").Writer} w @param {string} name @param {string} method @param {any[]} args @param {Frame} frame */
function startCall(w, name, method, args, frame) {
  startEvent(w, name, Start.RPC);
  w.str(method);
  frame.writeParameters(w, args);
}

/** @param {import("./abi.mjs").Writer} w @param {string} name @param {any} request @param {Uint8Array | null | undefined} small @param {Frame} frame */
function startFetch(w, name, request, small, frame) {
  startEvent(w, name, Start.FETCH);
  writeRequest(w, request, small, frame);
}

/**
 * Makes the JavaScript class of an entrypoint of Go.
 * @param {{runtime: import("./index.mjs").Runtime, worker: Record<string, Function>}} program what createRuntime gave
 * @param {string} name "default" for the Worker itself, which has the Worker's own handlers
 * @param {{fetch?: boolean, methods: string[]}} shape
 */
export function entrypointClass({ runtime, worker }, name, { fetch, methods }) {
  class LatticeEntrypoint extends WorkerEntrypoint {}
  const start = (/** @type {any} */ { ctx, env }, /** @type {any} */ encode, /** @type {any} */ a, /** @type {any} */ b) => {
    const frame = new Frame(runtime.instance(), null, ctx, env);
    enter(frame, encode, name, a, b, frame);
    return frame.result();
  };
  const define = (/** @type {string} */ method, /** @type {Function} */ value) =>
    Object.defineProperty(LatticeEntrypoint.prototype, method, { value, configurable: true, writable: true });
  for (const method of methods) {
    define(method, /** @this {any} @param {any[]} args */ function (...args) {
      return start(this, startCall, method, args);
    });
  }
  if (fetch) define("fetch", /** @this {any} @param {Request} request */ function (request) {
    return answerFetch({ start: (_, request, small) => start(this, startFetch, request, small) }, request);
  });
  for (const [handler, handle] of name === "default" ? Object.entries(worker) : []) {
    define(handler, /** @this {any} @param {any} event */ function (event) {
      return handle(event, this.env, this.ctx);
    });
  }
  Object.defineProperty(LatticeEntrypoint, "name", { value: name });
  return LatticeEntrypoint;
}
