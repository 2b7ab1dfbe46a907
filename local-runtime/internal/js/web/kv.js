// KV namespaces.

const seconds = (options) => {
  const o = {};
  for (const name of ['expiration', 'expirationTtl']) if (options?.[name] !== undefined && options[name] !== null) o[name] = Math.trunc(Number(options[name]));
  if (options?.metadata !== undefined && options.metadata !== null) o.metadata = JSON.stringify(options.metadata);
  return o;
};

const typeOf = (given) => {
  const type = (typeof given === 'string' ? given : given?.type) ?? 'text';
  if (!['text', 'json', 'arrayBuffer', 'stream'].includes(type)) {
    throw new TypeError(`Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".`);
  }
  return type;
};

const cacheTtl = (given) => (typeof given === 'object' && given?.cacheTtl !== undefined ? { cacheTtl: Number(given.cacheTtl) } : {});
const metadataOf = (text) => (text === null ? null : JSON.parse(text));

class KVNamespace {
  constructor(binding) {
    Object.defineProperty(this, '_binding', { value: binding });
  }
  _call(method, args, body = null) {
    return host.call('kv', [this._binding, method, args], body);
  }
  async getWithMetadata(key, given) {
    if (Array.isArray(key)) return this._many(key, given, (value, metadata) => ({ value, metadata }), { value: null, metadata: null });
    const type = typeOf(given);
    const { value, body } = await this._call('get', [String(key), cacheTtl(given), type === 'stream']);
    if (value === null) return { value: null, metadata: null, cacheStatus: null };
    const r = new Response(body ?? new Uint8Array(0));
    const read = { text: () => r.text(), json: () => r.json(), arrayBuffer: () => r.arrayBuffer(), stream: () => r.body };
    return { value: await read[type](), metadata: metadataOf(value.metadata), cacheStatus: null };
  }
  async get(key, given) {
    if (Array.isArray(key)) return this._many(key, given, (value) => value, null);
    return (await this.getWithMetadata(key, given)).value;
  }
  async _many(keys, given, make, none) {
    const type = typeOf(given);
    const { value } = await this._call('getMany', [keys.map(String), cacheTtl(given)]);
    const all = new Map(keys.map((k) => [String(k), none]));
    for (const e of value) all.set(e.key, make(type === 'json' ? JSON.parse(e.value) : e.value, metadataOf(e.metadata)));
    return all;
  }
  async put(key, value, options) {
    if (typeof value !== 'string' && !(value instanceof ReadableStream) && !web.bytesOf(value)) {
      throw new TypeError('KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values.');
    }
    await this._call('put', [String(key), seconds(options)], await new Response(value).bytes());
  }
  async delete(key) {
    await this._call('delete', [String(key)]);
  }
  async list(options) {
    const o = {};
    for (const name of ['prefix', 'limit', 'cursor']) if (options?.[name] !== undefined && options[name] !== null) o[name] = options[name];
    const { value } = await this._call('list', [o]);
    const list = {
      keys: value.keys.map((k) => ({ name: k.name, ...(k.expiration === null ? {} : { expiration: k.expiration }), ...(k.metadata === null ? {} : { metadata: JSON.parse(k.metadata) }) })),
      list_complete: value.complete,
      cacheStatus: null,
    };
    if (!value.complete) list.cursor = value.cursor;
    return list;
  }
}

web.kv = (binding) => web.strict(new KVNamespace(binding), 'KVNamespace');
