// Durable Objects whose class is written in JavaScript. An object has a VM of its own and lives until the host ends.
//
// Storage answers at once, so that nothing comes between an object's operations on it; a write is durable before the promise is resolved.

const storage = (method, ...args) => host.storage(method, args);

/** Whatever a single key or a list of keys gets. */
const getAll = (keys) => new Map(storage('get', keys.map(String)));

const options = (o = {}) => {
  const list = {};
  for (const name of ['start', 'startAfter', 'end', 'prefix', 'reverse', 'limit']) if (o?.[name] !== undefined) list[name] = o[name];
  return list;
};

const operations = {
  async get(keys) {
    return Array.isArray(keys) ? getAll(keys) : getAll([keys]).get(String(keys));
  },
  async put(entries, value) {
    const list = typeof entries === 'string' ? [[entries, value]] : Object.entries(entries);
    for (const [k, v] of list) if (v === undefined) throw new TypeError(`put() called with undefined value for key ${JSON.stringify(k)}.`);
    storage('put', list);
  },
  async delete(keys) {
    const n = storage('delete', Array.isArray(keys) ? keys.map(String) : [String(keys)]);
    return Array.isArray(keys) ? n : n > 0;
  },
  async list(o) {
    return new Map(storage('list', options(o)));
  },
  async deleteAll() {
    storage('deleteAll');
  },
  async sync() {},
};

class Transaction {
  rollback() {
    this._undone = true;
  }
}
Object.assign(Transaction.prototype, operations);

const makeStorage = (block) =>
  web.strict(
    {
      ...operations,
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

const waitUntil = (p) => void Promise.resolve(p).catch((e) => console.error('uncaught error in waitUntil:', e));

/** What a class may extend. */
web.DurableObject = class DurableObject {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
};

web.construct = async (className, id, name) => {
  const Class = global.latticeClasses?.[className];
  if (typeof Class !== 'function') throw new TypeError(`the Worker's main exports no class ${className}`);
  const state = web.strict({ id: web.idOf(id, name ?? undefined), storage: makeStorage(block), waitUntil, blockConcurrencyWhile: block, props: {} }, 'DurableObjectState');
  instance = new Class(state, global.context.env);
  await gate;
  if (broken) throw broken;
  return { value: null, body: null };
};

web.objectFetch = async (head, body) => {
  await gate;
  if (broken) throw broken;
  if (typeof instance.fetch !== 'function') throw new TypeError('Handler does not export a fetch() function.');
  const response = await instance.fetch(web.incoming(head, body));
  if (!(response instanceof Response)) throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'Response'.");
  return { value: { status: response.status, statusText: response.statusText, headers: web.headerList(response.headers) }, body: web.bodyOf(response) };
};
