// The table of operations that Go may ask for, and those that concern instance and frame themselves. An operation reads its
// request, and either writes its payload and returns nothing, or returns PENDING and completes later. What it throws
// becomes the operation's Error.

import { Op, PENDING, VERSION } from "./abi.mjs";
import { analyticsOperations } from "./analytics.mjs";
import { cacheOperations } from "./cache.mjs";
import { d1Operations } from "./d1.mjs";
import { envOperations } from "./env.mjs";
import { facetOperations } from "./facets.mjs";
import { httpOperations } from "./http.mjs";
import { kvOperations } from "./kv.mjs";
import { queueOperations } from "./queues.mjs";
import { r2Operations } from "./r2.mjs";
import { rateLimitOperations } from "./ratelimit.mjs";
import { rpcOperations } from "./rpc.mjs";
import { socketOperations } from "./sockets.mjs";
import { sqlOperations } from "./sql.mjs";
import { storageOperations } from "./storage.mjs";
import { shown } from "./trace.mjs";

/**
 * @typedef {import("./frame.mjs").Frame} Frame
 * @typedef {import("./abi.mjs").Reader} Reader
 * @typedef {import("./abi.mjs").Writer} Writer
 * @typedef {import("./instance.mjs").Instance} Instance
 * @typedef {(frame: Frame, r: Reader, w: Writer, id: number, instance: Instance, frameID: number) => number | void} Operation
 */

const levels = /** @type {const} */ (["debug", "info", "warn", "error"]);
const PANIC = 4;

/** @type {Record<number, Operation>} */
const own = {
  [Op.INIT](frame, r, w, id, instance) {
    const version = r.uint();
    if (version !== VERSION) {
      const text = `the module speaks version ${version} of the Lattice ABI and this shim version ${VERSION}: build both with the same Lattice release`;
      instance.refusal = `was refused: ${text}`;
      throw new Error(text);
    }
    instance.inboxAt = r.uint();
    instance.inboxSize = r.uint();
    w.uint(0);
    w.str("workerd");
  },
  [Op.MANIFEST]() {},
  [Op.LOG](frame, r) {
    const level = r.u8();
    const text = r.str();
    if (level === PANIC) console.error(shown(text, frame?.env));
    else console[levels[level] ?? "log"](text);
  },
  [Op.HOP](frame, r, w, id, instance, frameID) {
    const target = frame?.id === frameID ? frame : instance.frames.get(frameID)?.deref();
    if (!target || target.over) throw new Error("the event this goroutine worked for is gone");
    target.wakeAsked = true;
    target.ring();
    return PENDING;
  },
  [Op.DONE](frame, r) {
    const end = r.bool();
    if (r.u8() === 0) {
      r.refs = frame.references;
      frame.succeed(r.value());
    } else {
      frame.fail(r.error());
    }
    if (frame.parameters.length > 0) frame.endParameters();
    if (end && !frame.idle) frame.over = true;
  },
  [Op.END](frame) {
    if (!frame.idle) frame.over = true;
  },
  [Op.PASS_THROUGH](frame) {
    frame.ctx.passThroughOnException?.(); // objects have none
  },
  [Op.NO_RETRY](frame) {
    frame.controller?.noRetry();
  },
  [Op.RESET](frame, r) {
    if (!frame.object) throw new Error("only a Durable Object can be reset, and this is an event of the Worker");
    const reason = r.str();
    const keepsNoAlarm = (r.u8() & 1) !== 0;
    frame.object.resetWanted ??= { reason, keepsNoAlarm };
  },
};

/** @type {Operation[]} */
export const operations = [];
for (const table of [
  own, envOperations, httpOperations, rpcOperations, facetOperations, storageOperations, sqlOperations, socketOperations,
  d1Operations, queueOperations, r2Operations, kvOperations, rateLimitOperations, analyticsOperations, cacheOperations,
]) {
  for (const [op, operation] of Object.entries(table)) operations[Number(op)] = operation;
}
