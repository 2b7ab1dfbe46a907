// Calls to Durable Objects: ids, stubs, RPC. Stubs belong to the I/O context that made them, and calls through one stub
// arrive in order; so a scope keeps the stub of each serial.

import { Op, Target } from "./abi.mjs";
import { namespaceOf, readStubOptions } from "./namespace.mjs";

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

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const rpcOperations = {
  [Op.RPC](frame, r, w, id) {
    const kind = r.u8();
    if (kind !== Target.OBJECT) r.fail(`unknown kind of target ${kind}`);
    const stub = readStub(frame, r);
    const [method] = r.strs();
    r.u8();
    r.uint();
    const args = r.values();
    return frame.complete(id, stub[method](...args), writeValue);
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

/** @param {import("./abi.mjs").Writer} w @param {any} v */
export function writeValue(w, v) {
  w.value(v);
}
