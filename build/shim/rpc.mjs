// Calls to Durable Objects: ids, stubs, RPC. Stubs belong to the I/O context that made them, and calls through one stub
// arrive in order; so a scope keeps the stub of each serial.

import { Op, Target } from "./abi.mjs";
import { readFacet } from "./facets.mjs";
import { exportOf, namespaceOf, readStubOptions, serviceOf } from "./namespace.mjs";
import { dispose, held, Held } from "./references.mjs";

const KEPT_STUBS = 1000;

/** Reads a Stub and returns the object's JavaScript stub. @param {import("./frame.mjs").Frame} frame @param {import("./abi.mjs").Reader} r */
export function readStub(frame, r) {
  const name = r.str();
  const named = r.bool();
  const ref = r.str();
  const serial = r.uint();
  const { jurisdiction, options } = readStubOptions(r);
  const { stubs } = frame.scope;
  let stub = stubs.get(serial);
  if (!stub) {
    const namespace = namespaceOf(frame, name, jurisdiction);
    stub = named ? namespace.getByName(ref, options) : namespace.get(namespace.idFromString(ref), options);
    if (stubs.size >= KEPT_STUBS) stubs.delete(/** @type {number} */ (stubs.keys().next().value));
    stubs.set(serial, stub);
  }
  return stub;
}

/** Reads a Target: what is called or fetched from, null for the network. @param {import("./frame.mjs").Frame} frame @param {import("./abi.mjs").Reader} r */
export function readTarget(frame, r) {
  const kind = r.u8();
  switch (kind) {
    case Target.NETWORK: return null;
    case Target.SERVICE: return serviceOf(frame, r.str());
    case Target.OBJECT: return readStub(frame, r);
    case Target.HELD: return held(frame, r.uint());
    case Target.FACET: return readFacet(frame, r);
    case Target.EXPORT: return exportOf(frame, r.str())({ props: r.value() });
    default: r.fail(`unknown kind of target ${kind}`);
  }
}

/**
 * Calls, or gets, what a path from target leads to. Properties of stubs are stubs: nothing is sent before the end.
 * @param {any} target @param {string[]} path @param {number} mode @param {any[]} args
 */
function perform(target, path, mode, args) {
  const last = path.length - 1;
  if (last < 0) return mode === 0 ? target(...args) : Promise.resolve(target);
  for (let i = 0; i < last; i++) target = target[path[i]];
  return mode === 0 ? target[path[last]](...args) : target[path[last]];
}

/** @param {import("./abi.mjs").Writer} w @param {any} v @param {import("./frame.mjs").Frame} frame */
function writeResult(w, v, frame) {
  writeReferences(w, v, frame);
  if (typeof v === "object" && v !== null) letGo(frame, v);
}

/** @param {import("./abi.mjs").Writer} w @param {any} v @param {import("./frame.mjs").Frame} frame */
function writeReferences(w, v, frame) {
  w.refs = frame.references;
  w.value(v);
}

/** Disposes of a result; Go keeps duplicates of the stubs in it. @param {import("./frame.mjs").Frame} frame @param {any} result */
function letGo(frame, result) {
  if (!result[Symbol.dispose]) return;
  for (const number of frame.references.taken()) {
    const stub = /** @type {import("./references.mjs").Held} */ (frame.scope.held.get(number));
    if (stub.value === result) return;
    if (stub.value.dup) stub.value = stub.value.dup();
  }
  dispose(result);
}

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const rpcOperations = {
  [Op.RPC](frame, r, w, id) {
    const target = readTarget(frame, r);
    const path = r.strs();
    const mode = r.u8();
    const keep = r.uint();
    r.refs = frame.references;
    const args = r.values();
    if (keep === 0) return frame.complete(id, perform(target, path, mode, args), writeResult);
    const promise = new Held(undefined);
    frame.scope.held.set(keep, promise);
    try {
      promise.value = perform(target, path, mode, args);
    } catch (error) {
      promise.failed = { error };
      throw error;
    }
    return frame.complete(id, promise.value, (w, v, frame) => {
      writeReferences(w, v, frame);
      promise.result = v;
    });
  },
  [Op.DUP](frame, r, w) {
    const stub = held(frame, r.uint()).dup();
    w.uint(frame.references.hold(stub));
  },
  [Op.RELEASE](frame, r) {
    const { held } = frame.scope;
    for (let n = r.count(); n > 0; n--) {
      const number = r.uint();
      const found = held.get(number);
      held.delete(number);
      found?.release();
    }
  },
  [Op.ID](frame, r, w) {
    const name = r.str();
    const how = r.u8();
    const text = r.str();
    const namespace = namespaceOf(frame, name, r.str());
    if (how > 2) r.fail(`unknown way ${how} to make an id`);
    const make = [() => namespace.idFromName(text), () => namespace.idFromString(text), () => namespace.newUniqueId()];
    w.str(make[how]().toString());
  },
};
