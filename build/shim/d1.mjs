// D1: prepared statements, batches and exec, as values in and rows out.

import { Op } from "./abi.mjs";
import { binding } from "./env.mjs";

/** @param {any} db @param {{sql: string, values: any[]}} statement */
function prepare(db, { sql, values }) {
  const statement = db.prepare(sql);
  return values.length > 0 ? statement.bind(...values) : statement;
}

/** @type {Array<(db: any, statements: Array<{sql: string, values: any[]}>) => Promise<any[]>>} by mode */
const modes = [
  async (db, statements) => [keyed(await prepare(db, statements[0]).run())],
  async (db, statements) => {
    const [columns, ...rows] = await prepare(db, statements[0]).raw({ columnNames: true });
    return [{ columns: columns ?? [], rows, meta: null }];
  },
  async (db, statements) => (await db.batch(statements.map((s) => prepare(db, s)))).map(keyed),
  async (db, statements) => {
    const { count, duration } = await db.exec(statements[0].sql);
    return [{ columns: [], rows: [], meta: { count, duration } }];
  },
];

/** @param {any} result */
function keyed(result) {
  const objects = result.results ?? [];
  const columns = objects.length > 0 ? Object.keys(objects[0]) : [];
  return { columns, rows: objects.map((/** @type {any} */ o) => columns.map((c) => o[c])), meta: result.meta ?? null };
}

/** @param {any} v a column: D1 gives a blob as an array of numbers */
function column(v) {
  if (v === undefined) return null;
  if (Array.isArray(v)) return Uint8Array.from(v);
  return v instanceof ArrayBuffer ? new Uint8Array(v) : v;
}

/** @param {import("./abi.mjs").Writer} w @param {any[]} results */
function writeResults(w, results) {
  w.uint(results.length);
  for (const { columns, rows, meta } of results) {
    w.uint(columns.length);
    for (const name of columns) w.str(String(name));
    w.uint(rows.length);
    for (const row of rows) {
      w.uint(row.length);
      for (const v of row) w.value(column(v));
    }
    w.value(meta);
  }
}

/** @param {import("./abi.mjs").Reader} r @param {any} db a database or a session */
function run(r, db) {
  const mode = r.u8();
  const statements = [];
  for (let n = r.count(); n > 0; n--) statements.push({ sql: r.str(), values: r.values() });
  if (mode >= modes.length) r.fail(`unknown D1 mode ${mode}`);
  if (statements.length === 0 && mode !== 2) r.fail("D1 needs a statement");
  return modes[mode](db, statements);
}

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const d1Operations = {
  [Op.D1](frame, r, w, id) {
    return frame.complete(id, run(r, binding(frame, r.str(), "D1")), writeResults);
  },
  [Op.D1_SESSION](frame, r, w, id) {
    const db = binding(frame, r.str(), "D1");
    const session = db.withSession(r.str());
    return frame.complete(id, run(r, session), (/** @type {import("./abi.mjs").Writer} */ w, /** @type {any[]} */ results) => {
      w.str(session.getBookmark() ?? "");
      writeResults(w, results);
    });
  },
};
