// D1 databases.

const RUN = 0;
const RAW = 1;
const BATCH = 2;
const EXEC = 3;

const parameter = (v, i) => {
  if (v === undefined) throw new Error(`D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'`);
  if (v === null || typeof v === 'number' || typeof v === 'string') return v;
  if (typeof v === 'boolean') return v ? 1 : 0;
  const bytes = web.bytesOf(v);
  if (bytes) return bytes;
  if (Array.isArray(v)) return new Uint8Array(v);
  throw new Error(`D1_TYPE_ERROR: Type '${typeof v}' not supported for value '${v}'`);
};

/** A BLOB of D1 is an Array of numbers in JavaScript. */
const column = (v) => (v instanceof Uint8Array ? Array.from(v) : v);

const rowsOf = ({ columns, rows }) => rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, column(row[i])])));
const resultOf = (r) => ({ success: true, meta: { served_by: 'lattice', ...r.meta }, results: rowsOf(r) });

class D1PreparedStatement {
  constructor(db, sql, args = []) {
    Object.defineProperties(this, { _db: { value: db }, _sql: { value: sql }, _args: { value: args } });
  }
  bind(...args) {
    return new D1PreparedStatement(this._db, this._sql, args.map(parameter));
  }
  async run() {
    const [r] = await this._db._send(RUN, [this]);
    return resultOf(r);
  }
  all() {
    return this.run();
  }
  async first(name) {
    const [r] = await this._db._send(RUN, [this]);
    const row = rowsOf(r)[0];
    if (row === undefined) return null;
    if (name === undefined) return row;
    if (!(name in row)) throw new Error(`D1_COLUMN_NOTFOUND: Column not found (${name})`);
    return row[name];
  }
  async raw({ columnNames = false } = {}) {
    const [r] = await this._db._send(RAW, [this]);
    const rows = r.rows.map((row) => row.map(column));
    return columnNames ? [r.columns, ...rows] : rows;
  }
}

class D1Database {
  constructor(binding) {
    Object.defineProperty(this, '_binding', { value: binding });
  }
  async _send(mode, statements) {
    const { value } = await host.call('d1', [this._binding, mode, statements.map((s) => [s._sql, s._args])], null);
    return value;
  }
  prepare(sql) {
    return web.strict(new D1PreparedStatement(this, String(sql)), 'D1PreparedStatement');
  }
  async batch(statements) {
    return (await this._send(BATCH, statements)).map(resultOf);
  }
  async exec(sql) {
    const [r] = await this._send(EXEC, [new D1PreparedStatement(this, String(sql))]);
    return r.meta;
  }
  /** There is one copy of a local database: every session sees what was written before. */
  withSession() {
    const { prepare, batch } = this;
    return web.strict({ prepare: prepare.bind(this), batch: batch.bind(this), getBookmark: () => null }, 'D1DatabaseSession');
  }
}

web.d1 = (binding) => web.strict(new D1Database(binding), 'D1Database');
