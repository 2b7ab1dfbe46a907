// Durable Objects whose class is written in JavaScript. An object has a VM of its own while it is in memory.
//
// Storage answers at once, so that nothing comes between an object's operations on it; what a turn writes is committed when it ends.

const storage = (method, ...args) => host.storage(method, args);

/** Whatever a single key or a list of keys gets. */
const getAll = (keys) => new Map(storage('get', keys.map(String)));

const options = (o = {}) => {
  const list = {};
  for (const name of ['start', 'startAfter', 'end', 'prefix', 'reverse', 'limit']) if (o?.[name] !== undefined) list[name] = o[name];
  return list;
};

const checked = (k, v) => {
  if (v === undefined) throw new TypeError(`put() called with undefined value for key ${JSON.stringify(k)}.`);
};

const operations = {
  async get(keys) {
    return Array.isArray(keys) ? getAll(keys) : getAll([keys]).get(String(keys));
  },
  async put(entries, value) {
    const list = typeof entries === 'string' ? [[entries, value]] : Object.entries(entries);
    for (const [k, v] of list) checked(k, v);
    storage('put', list);
  },
  async delete(keys) {
    const n = storage('delete', Array.isArray(keys) ? keys.map(String) : [String(keys)]);
    return Array.isArray(keys) ? n : n > 0;
  },
  async list(o) {
    return new Map(storage('list', options(o)));
  },
  async getAlarm() {
    return storage('getAlarm');
  },
  async setAlarm(at) {
    storage('setAlarm', at instanceof Date ? at.getTime() : Number(at));
  },
  async deleteAlarm() {
    storage('deleteAlarm');
  },
};

class Transaction {
  rollback() {
    this._undone = true;
  }
}
Object.assign(Transaction.prototype, operations);

/** The rows of a statement: all of them are here. */
class SqlStorageCursor {
  constructor({ columns, rows, rowsRead, rowsWritten }) {
    this.columnNames = columns;
    this.rowsRead = rowsRead;
    this.rowsWritten = rowsWritten;
    Object.defineProperty(this, '_rows', { value: rows.map((row) => row.map((v) => (v instanceof Uint8Array ? v.buffer : v))), writable: true });
  }
  _object(row) {
    return Object.fromEntries(this.columnNames.map((name, i) => [name, row[i]]));
  }
  next() {
    const row = this._rows.shift();
    return row ? { done: false, value: this._object(row) } : { done: true };
  }
  toArray() {
    return this._rows.splice(0).map((row) => this._object(row));
  }
  one() {
    const rows = this._rows.splice(0);
    if (rows.length !== 1) throw new Error(`Expected exactly one result from SQL query, but got ${rows.length === 0 ? 'no' : 'multiple'} results.`);
    return this._object(rows[0]);
  }
  raw() {
    const cursor = this;
    return {
      columnNames: this.columnNames,
      next() {
        const row = cursor._rows.shift();
        return row ? { done: false, value: row } : { done: true };
      },
      toArray: () => cursor._rows.splice(0),
      [Symbol.iterator]() {
        return this;
      },
    };
  }
  [Symbol.iterator]() {
    return this;
  }
}

const bound = (v) => (v instanceof ArrayBuffer ? new Uint8Array(v) : v === undefined ? null : v);

const sql = web.strict(
  {
    exec: (query, ...bindings) => web.strict(new SqlStorageCursor(storage('exec', String(query), bindings.map(bound))), 'SqlStorageCursor'),
    get databaseSize() {
      return storage('size');
    },
  },
  'SqlStorage',
);

const kv = web.strict(
  {
    get: (key) => getAll([key]).get(String(key)),
    put(key, value) {
      checked(key, value);
      storage('put', [[String(key), value]]);
    },
    delete: (key) => storage('delete', [String(key)]) > 0,
    *list(o) {
      yield* storage('list', options(o));
    },
  },
  'SyncKvStorage',
);

const makeStorage = (block) =>
  web.strict(
    {
      ...operations,
      sql,
      kv,
      async deleteAll() {
        storage('deleteAll');
      },
      async sync() {},
      /** Nothing else runs meanwhile, as the platform has it. */
      transaction: (f) =>
        block(async () => {
          const txn = new Transaction();
          storage('savepoint');
          try {
            const result = await f(txn);
            storage(txn._undone ? 'rollback' : 'release');
            return result;
          } catch (e) {
            storage('rollback');
            throw e;
          }
        }),
      transactionSync(f) {
        storage('savepoint');
        try {
          const result = f();
          storage('release');
          return result;
        } catch (e) {
          storage('rollback');
          throw e;
        }
      },
    },
    'DurableObjectStorage',
  );

let gate = Promise.resolve();
let instance = null;
let broken = null;

const block = async (f) => {
  const done = Promise.resolve().then(f);
  gate = Promise.all([gate, done.catch((e) => (broken = e))]);
  return done;
};

const textLimits = { tags: 10, tag: 256 };
const distinct = (tags) => {
  const list = [...new Set([...tags].map(String))];
  if (list.length > textLimits.tags) throw new Error(`a Hibernatable WebSocket cannot have more than ${textLimits.tags} tags`);
  for (const tag of list) if (host.encode(tag).length > textLimits.tag) throw new Error(`"${tag}" is longer than the max tag length (${textLimits.tag} characters).`);
  return list;
};

const accepted = (socket) => {
  if (socket._state === 'waits') throw new Error("you must call 'acceptWebSocket()' before attempting to access the tags of a WebSocket.");
  if (socket._state !== 'hibernates') throw new Error('only hibernatable websockets can have tags.');
  return host.do('socketState', [socket._number]);
};

const makeState = (id, name) =>
  web.strict(
    {
      id: web.idOf(id, name ?? undefined),
      storage: makeStorage(block),
      waitUntil: web.waitUntil,
      blockConcurrencyWhile: block,
      props: {},
      abort: (reason) => void host.do('abort', [reason === undefined ? null : new Error(String(reason))]),
      acceptWebSocket: (socket, tags = []) => socket._hibernate(distinct(tags)),
      getWebSockets: (tag) => host.do('socketList', [tag === undefined ? null : String(tag)]).map(web.hibernatingSocket),
      getTags: (socket) => accepted(socket).tags,
      setWebSocketAutoResponse: (pair) => void host.do('socketAuto', pair ? [pair.request, pair.response] : [null]),
      getWebSocketAutoResponse() {
        const pair = host.do('socketAuto', []);
        return pair && new WebSocketRequestResponsePair(...pair);
      },
      getWebSocketAutoResponseTimestamp: (socket) => (socket._state === 'hibernates' ? (accepted(socket)?.autoTime ?? null) : null),
    },
    'DurableObjectState',
  );

/** What a class may extend. */
web.DurableObject = class DurableObject {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
};

const none = { value: null, body: null };

web.construct = async (className, id, name) => {
  const Class = global.latticeClasses?.[className];
  if (typeof Class !== 'function') throw new TypeError(`the Worker's main exports no class ${className}`);
  instance = new Class(makeState(id, name), global.context.env);
  await gate;
  if (broken) throw broken;
  return none;
};

const entered = async () => {
  await gate;
  if (broken) throw broken;
  return instance;
};

Object.assign(web.events, {
  construct: web.construct,
  async objectFetch(head, body) {
    const object = await entered();
    if (typeof object.fetch !== 'function') throw new TypeError('Handler does not export a fetch() function.');
    return web.answerOf(await object.fetch(web.incoming(head, body)));
  },
  async objectCall(method, args) {
    const object = await entered();
    if (!(object instanceof web.DurableObject)) {
      throw new TypeError(
        "The receiving Durable Object does not support RPC, because its class was not declared with `extends DurableObject`. In order to enable RPC, make sure your class extends the special class `DurableObject`, which can be imported from the module \"cloudflare:workers\".",
      );
    }
    if (method === 'constructor' || Object.hasOwn(object, method) || typeof object[method] !== 'function') throw new TypeError(`The RPC receiver does not implement the method "${method}".`);
    return { value: await object[method](...args), body: null };
  },
  async objectAlarm(info) {
    const object = await entered();
    if (typeof object.alarm !== 'function') throw new Error('Your Durable Object class must have an alarm() handler in order to call setAlarm()');
    await object.alarm(info);
    return none;
  },
  async objectSocket(number, kind, data, code, reason, wasClean) {
    const object = await entered();
    const socket = web.hibernatingSocket(number);
    if (kind === 'message') {
      if (typeof object.webSocketMessage === 'function') await object.webSocketMessage(socket, data);
      return none;
    }
    socket._in = true;
    socket._lost = socket._lost || !wasClean;
    if (kind === 'close') {
      if (typeof object.webSocketClose === 'function') await object.webSocketClose(socket, code, reason, wasClean);
    } else if (typeof object.webSocketError === 'function') await object.webSocketError(socket, data);
    return none;
  },
});
