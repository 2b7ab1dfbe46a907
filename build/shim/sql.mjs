// SQL of an object's storage. Rows go from the JavaScript cursor straight into the message.

import { Op } from "./abi.mjs";

/** @param {import("./frame.mjs").Frame} frame */
function database(frame) {
  return frame.storage.sql;
}

/** @param {any} v */
function bindable(v) {
  return v instanceof Uint8Array ? v.buffer : v;
}

/**
 * @typedef {{cursor: any, rows: Iterator<any[]>, next: IteratorResult<any[]> | null}} Cursor rows not yet sent, and one that was
 * read ahead
 */

/** @param {import("./frame.mjs").Frame} frame @param {import("./abi.mjs").Writer} w @param {Cursor} open @param {number} number 0 for a new cursor @param {number} max */
function writePage(frame, w, open, number, max) {
  const { cursor, rows } = open;
  let step = open.next ?? rows.next();
  if (step.done) return finish(frame, w, cursor, number);
  const holes = [w.hole(), w.hole(), w.hole(), w.hole()];
  let count = 0;
  let limit = Math.max(1, max);
  while (!step.done) {
    if (count >= limit) {
      if (cursor.rowsWritten === 0) break;
      limit = Infinity; // a write that is not read to its end would break the object when the turn ends
    }
    writeRow(w, step.value);
    count++;
    step = rows.next();
  }
  if (step.done) {
    frame.cursors?.delete(number);
    number = 0;
  } else {
    open.next = step;
    number ||= keep(frame, open);
  }
  [number, cursor.rowsRead, cursor.rowsWritten, count].forEach((v, i) => w.fill(holes[i], v));
}

/** @param {import("./frame.mjs").Frame} frame @param {import("./abi.mjs").Writer} w @param {any} cursor @param {number} number */
function finish(frame, w, cursor, number) {
  frame.cursors?.delete(number);
  w.uint(0);
  w.uint(cursor.rowsRead);
  w.uint(cursor.rowsWritten);
  w.uint(0);
}

/** @param {import("./frame.mjs").Frame} frame @param {Cursor} open */
function keep(frame, open) {
  const number = frame.instance.nextStream++;
  (frame.cursors ??= new Map()).set(number, open);
  return number;
}

/** @param {import("./abi.mjs").Writer} w @param {any[]} row */
function writeRow(w, row) {
  for (let i = 0; i < row.length; i++) {
    const v = row[i];
    w.value(v instanceof ArrayBuffer ? new Uint8Array(v) : v);
  }
}

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const sqlOperations = {
  [Op.SQL_EXEC](frame, r, w) {
    const query = r.str();
    const bindings = r.values();
    const max = r.uint();
    for (let i = 0; i < bindings.length; i++) bindings[i] = bindable(bindings[i]);
    const cursor = database(frame).exec(query, ...bindings);
    const columns = cursor.columnNames;
    w.uint(columns.length);
    for (let i = 0; i < columns.length; i++) w.str(columns[i]);
    if (columns.length === 0) return finish(frame, w, cursor, 0);
    writePage(frame, w, { cursor, rows: cursor.raw(), next: null }, 0, max);
  },
  [Op.SQL_NEXT](frame, r, w) {
    const number = r.uint();
    const open = frame.cursors?.get(number);
    if (!open) throw new Error("the SQL cursor is closed: read it in the event that opened it");
    writePage(frame, w, open, number, r.uint());
  },
  [Op.SQL_CLOSE](frame, r) {
    frame.cursors?.delete(r.uint());
  },
  [Op.SQL_SIZE](frame, r, w) {
    w.f64(database(frame).databaseSize);
  },
};
