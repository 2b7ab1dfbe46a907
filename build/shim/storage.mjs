// Key-value storage, alarms, transactions and critical sections of an object.

import { Op } from "./abi.mjs";
import { nothing } from "./frame.mjs";
import { startSection } from "./object.mjs";

/** The storage, or the transaction whose section this is. @param {import("./frame.mjs").Frame} frame */
function target(frame) {
  return frame.txn ?? frame.storage;
}

/** @param {number} flags */
function options(flags) {
  return flags ? { allowConcurrency: (flags & 1) !== 0, allowUnconfirmed: (flags & 2) !== 0, noCache: (flags & 4) !== 0 } : undefined;
}

/** @param {import("./abi.mjs").Reader} r */
function readFields(r) {
  /** @type {Array<[string, any]>} */
  const entries = [];
  for (let n = r.count(); n > 0; n--) entries.push([r.str(), r.value()]);
  return entries;
}

/** @param {import("./abi.mjs").Reader} r */
function readListOptions(r) {
  /** @type {Record<string, any>} */
  const options = {};
  for (const name of ["start", "startAfter", "end", "prefix"]) {
    const v = r.optStr();
    if (v !== undefined) options[name] = v;
  }
  if (r.bool()) options.reverse = true;
  if (r.bool()) options.limit = r.f64();
  return options;
}

/** @param {import("./abi.mjs").Writer} w @param {Map<string, any>} found */
function writeMap(w, found) {
  w.uint(found.size);
  for (const [key, v] of found) {
    w.str(key);
    w.value(v);
  }
}

/** @param {import("./abi.mjs").Writer} w @param {number | null} time */
function writeAlarm(w, time) {
  w.bool(time !== null);
  if (time !== null) w.f64(time);
}

const ALLOW_CONCURRENCY = 1;
const ALLOW_UNCONFIRMED = 2;

/** @param {import("./abi.mjs").Writer} w @param {string} key @param {any} v */
function writeFound(w, key, v) {
  w.uint(v === undefined ? 0 : 1);
  if (v === undefined) return;
  w.str(key);
  w.value(v);
}

/**
 * Completes a storage operation, which closes the object's input gate unless it allows concurrency.
 * @param {import("./frame.mjs").Frame} frame @param {number} id @param {number} flags @param {Promise<any>} promise
 * @param {(w: import("./abi.mjs").Writer, v: any, frame: import("./frame.mjs").Frame) => void} encode
 */
function stored(frame, id, flags, promise, encode) {
  return frame.complete(id, promise, encode, (flags & ALLOW_CONCURRENCY) === 0);
}

/**
 * The synchronous key-value storage that answers in place, which a promise of the asynchronous one does in the same turn: null in
 * a transaction, which has an interface of its own, and without SQLite.
 * @param {import("./frame.mjs").Frame} frame @param {boolean} many @param {number} flags
 */
function inPlace(frame, many, flags) {
  if (many || frame.txn || (flags & ALLOW_UNCONFIRMED) !== 0 || !frame.object) return null;
  return frame.object.keyValue;
}

/** @type {Record<number, import("./operations.mjs").Operation>} */
const keyValue = {
  [Op.KV_GET](frame, r, w, id) {
    const many = r.bool();
    const keys = r.strs();
    const flags = r.u8();
    const kv = inPlace(frame, many, flags);
    if (kv) return writeFound(w, keys[0], kv.get(keys[0]));
    const promise = target(frame).get(many ? keys : keys[0], options(flags));
    if (many) return stored(frame, id, flags, promise, writeMap);
    return stored(frame, id, flags, promise, (w, v) => writeFound(w, keys[0], v));
  },
  [Op.KV_PUT](frame, r, w, id) {
    const many = r.bool();
    const entries = readFields(r);
    const flags = r.u8();
    const opts = options(flags);
    const kv = inPlace(frame, many, flags);
    if (kv && entries[0][1] !== undefined) return kv.put(entries[0][0], entries[0][1]);
    const promise = many ? target(frame).put(Object.fromEntries(entries), opts) : target(frame).put(entries[0][0], entries[0][1], opts);
    return stored(frame, id, flags, promise, nothing);
  },
  [Op.KV_DELETE](frame, r, w, id) {
    const many = r.bool();
    const keys = r.strs();
    const flags = r.u8();
    const kv = inPlace(frame, many, flags);
    if (kv) return w.uint(Number(kv.delete(keys[0])));
    return stored(frame, id, flags, target(frame).delete(many ? keys : keys[0], options(flags)), (w, n) => w.uint(Number(n)));
  },
  [Op.KV_LIST](frame, r, w, id) {
    const list = readListOptions(r);
    const flags = r.u8();
    return stored(frame, id, flags, target(frame).list({ ...list, ...options(flags) }), writeMap);
  },
  [Op.DELETE_ALL](frame, r, w, id) {
    const flags = r.u8();
    return stored(frame, id, flags, frame.storage.deleteAll(options(flags)), nothing);
  },
  [Op.SYNC](frame, r, w, id) {
    return frame.complete(id, frame.storage.sync(), nothing);
  },
};

/** @type {Record<number, import("./operations.mjs").Operation>} */
const alarms = {
  [Op.GET_ALARM](frame, r, w, id) {
    const flags = r.u8();
    return stored(frame, id, flags, target(frame).getAlarm(options(flags)), writeAlarm);
  },
  [Op.SET_ALARM](frame, r, w, id) {
    const time = r.f64();
    const flags = r.u8();
    return stored(frame, id, flags, target(frame).setAlarm(time, options(flags)), nothing);
  },
  [Op.DELETE_ALARM](frame, r, w, id) {
    const flags = r.u8();
    return stored(frame, id, flags, target(frame).deleteAlarm(options(flags)), nothing);
  },
};

/** @type {Record<number, import("./operations.mjs").Operation>} */
const syncKeyValue = {
  [Op.SKV_GET](frame, r, w) {
    const v = frame.storage.kv.get(r.str());
    w.bool(v !== undefined);
    if (v !== undefined) w.value(v);
  },
  [Op.SKV_PUT](frame, r) {
    const key = r.str();
    frame.storage.kv.put(key, r.value());
  },
  [Op.SKV_DELETE](frame, r, w) {
    w.bool(frame.storage.kv.delete(r.str()));
  },
  [Op.SKV_LIST](frame, r, w) {
    writeMap(w, new Map(frame.storage.kv.list(readListOptions(r))));
  },
};

/** @type {Record<number, import("./operations.mjs").Operation>} */
const bookmarks = {
  [Op.BOOKMARK](frame, r, w, id) {
    const current = r.u8() === 0;
    const time = r.f64();
    const promise = current ? frame.storage.getCurrentBookmark() : frame.storage.getBookmarkForTime(time);
    return frame.complete(id, promise, (w, v) => w.str(v));
  },
  [Op.RESTORE](frame, r, w, id) {
    return frame.complete(id, frame.storage.onNextSessionRestoreBookmark(r.str()), (w, v) => w.str(v));
  },
};

const ROLL_BACK = Symbol("roll back");

/** @type {Record<number, import("./operations.mjs").Operation>} */
const transactions = {
  [Op.TXN_SYNC](frame, r, w, id, instance) {
    const callback = r.uint();
    const { base, end } = w;
    let answer = 0;
    try {
      frame.storage.transactionSync(() => {
        answer = instance.exports.lattice_run(callback);
        if (answer !== 1 && answer !== 2) instance.die("was discarded: a function given to TransactionSync blocked");
        if (answer !== 1) throw ROLL_BACK;
      });
    } catch (e) {
      if (e !== ROLL_BACK || instance.dead) throw e;
    }
    w.into(instance.bytes, base, end - base); // operations inside have used the same writer
    w.u8(0);
    w.uint(answer);
  },
  [Op.SECTION](frame, r, w, id) {
    const kind = r.u8();
    if (kind > 1) r.fail(`unknown kind of critical section ${kind}`);
    const { storage } = frame;
    const object = /** @type {import("./object.mjs").ObjectState} */ (frame.object);
    let entered = false;
    const run = (/** @type {any} */ txn) => {
      entered = true;
      object.sections++;
      return startSection(frame, id, txn ?? null);
    };
    const leave = () => {
      if (entered) object.leaveSection();
    };
    const promise = kind === 0 ? object.ctx.blockConcurrencyWhile(() => run(null)) : storage.transaction(run);
    promise.then(leave, leave); // not sooner: a transaction commits after its function has returned
    return frame.complete(id, promise, nothing);
  },
  [Op.ROLLBACK](frame) {
    if (!frame.txn) throw new Error("there is no transaction to roll back here");
    frame.txn.rollback();
  },
};

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const storageOperations = { ...keyValue, ...alarms, ...syncKeyValue, ...transactions, ...bookmarks };
