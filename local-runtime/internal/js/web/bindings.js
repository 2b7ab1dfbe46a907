// env: variables, queues, Durable Object namespaces, services and the rest.

const queueType = (given) => {
  const type = given ?? 'json';
  if (!['text', 'bytes', 'json', 'v8'].includes(type)) throw new TypeError(`Unsupported queue message content type: ${type}`);
  return type;
};

const message = (body, options) => {
  const { contentType, delaySeconds } = options ?? {};
  const type = queueType(contentType);
  return { body: type === 'bytes' && typeof body !== 'string' && !(body instanceof ArrayBuffer) ? (web.bytesOf(body) ?? body) : body, contentType: type, delaySeconds: delaySeconds ?? null };
};

class Queue {
  constructor(binding) {
    Object.defineProperty(this, '_binding', { value: binding });
  }
  async send(body, options) {
    await host.call('queueSend', [this._binding, [message(body, options)], null], null);
  }
  async sendBatch(messages, options) {
    // syumai/workers puts a message's options into "options"; workerd reads them beside the body, and so they are not heard there.
    const list = [...messages].map((m) => message(m.body, m));
    await host.call('queueSend', [this._binding, list, options?.delaySeconds ?? null], null);
  }
}

class DurableObjectId {
  constructor(hex, name) {
    Object.defineProperty(this, '_hex', { value: hex });
    if (name !== undefined) this.name = name;
  }
  toString() {
    return this._hex;
  }
  equals(other) {
    return other instanceof DurableObjectId && other._hex === this._hex;
  }
}

web.idOf = (hex, name) => new DurableObjectId(hex, name);

class DurableObjectNamespace {
  constructor(binding) {
    Object.defineProperty(this, '_binding', { value: binding });
  }
  idFromName(name) {
    return new DurableObjectId(host.id(this._binding, 'name', String(name)), String(name));
  }
  idFromString(hex) {
    return new DurableObjectId(host.id(this._binding, 'string', String(hex)));
  }
  newUniqueId() {
    return new DurableObjectId(host.id(this._binding, 'unique', ''));
  }
  get(id) {
    if (!(id instanceof DurableObjectId)) throw new TypeError("Failed to execute 'get' on 'DurableObjectNamespace': parameter 1 is not of type 'DurableObjectId'.");
    const stub = { id, fetch: (input, init) => web.send({ kind: 'object', binding: this._binding, id: id._hex, name: id.name ?? null }, input, init) };
    if (id.name !== undefined) stub.name = id.name;
    // Every other name is a method of the object, called by RPC.
    return new Proxy(stub, {
      get: (target, name, receiver) => {
        if (typeof name === 'symbol' || name in target || web.asked.has(name)) return Reflect.get(target, name, receiver);
        return async (...args) => (await host.call('rpc', [this._binding, id._hex, id.name ?? null, name, args], null)).value;
      },
    });
  }
  getByName(name) {
    return this.get(this.idFromName(name));
  }
}

class Fetcher {
  constructor(binding) {
    Object.defineProperty(this, '_send', { value: (input, init) => web.send({ kind: 'service', binding }, input, init) });
    const send = this._send;
    this.fetch = function (input, init) {
      if (this === undefined) web.warn(`fetch of the service binding ${binding} was called without its binding as "this": workerd throws Illegal invocation, the local host goes on`);
      return send(input, init);
    };
    // Every other name is a method of the entrypoint, called by RPC.
    return new Proxy(this, {
      get: (target, name, receiver) => {
        if (typeof name === 'symbol' || name in target || web.asked.has(name)) return Reflect.get(target, name, receiver);
        return async (...args) => (await host.call('serviceRpc', [binding, name, args], null)).value;
      },
    });
  }
}

const kinds = {
  text: (name, b) => b.value,
  json: (name, b) => JSON.parse(b.value),
  d1: (...args) => web.d1(...args),
  r2: (...args) => web.r2(...args),
  kv: (...args) => web.kv(...args),
  ratelimit: (name) =>
    web.strict(
      {
        limit: async ({ key, delta }) => ({ success: (await host.call('rateLimit', [name, String(key), delta === undefined ? 1 : Number(delta)], null)).value }),
      },
      'RateLimit',
    ),
  analytics: (name) => web.strict({ writeDataPoint: (point = {}) => void host.do('dataPoint', [name, point]) }, 'AnalyticsEngineDataset'),
  queue: (name) => web.strict(new Queue(name), 'Queue'),
  namespace: (name) => web.strict(new DurableObjectNamespace(name), 'DurableObjectNamespace'),
  fetcher: (name) => new Fetcher(name),
};

/** Makes env of the host's list of bindings, each when it is asked for. */
web.env = (list) => {
  const env = {};
  for (const [name, b] of Object.entries(list)) {
    let made;
    Object.defineProperty(env, name, {
      get: () => (made ??= kinds[b.kind] ? kinds[b.kind](name, b) : web.strict({}, `${b.kind} binding`)),
      enumerable: true,
    });
  }
  return env;
};
