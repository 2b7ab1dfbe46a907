// The Cache API. The host keeps what is put; there is one data centre.

const keyOf = (request) => new Request(request).url;
const isGet = (request, options) => options?.ignoreMethod === true || !(request instanceof Request) || request.method === 'GET';

class Cache {
  constructor(name) {
    Object.defineProperty(this, '_name', { value: name });
  }
  async put(request, response) {
    const r = new Request(request);
    if (r.method !== 'GET') throw new TypeError('Cannot cache response to non-GET request.');
    if (response.status === 206) throw new TypeError('Cannot cache response to a range request (206 Partial Content).');
    if ((response.headers.get('vary') ?? '').includes('*')) throw new TypeError("Cannot cache response with 'Vary: *' header.");
    const bytes = await response.bytes();
    await host.call('cachePut', [this._name, r.url, { status: response.status, statusText: response.statusText, headers: web.headerList(response.headers) }], bytes);
  }
  async match(request, options) {
    if (!isGet(request, options)) return undefined;
    const found = await host.call('cacheMatch', [this._name, keyOf(request)], null);
    if (found.value === null) return undefined;
    const r = web.responseOf({ value: found.value, body: found.body ?? new Uint8Array(0) });
    r.headers.set('cf-cache-status', 'HIT');
    return r;
  }
  async delete(request, options) {
    if (!isGet(request, options)) return false;
    return (await host.call('cacheDelete', [this._name, keyOf(request)], null)).value;
  }
}

global.caches = web.strict({ default: web.strict(new Cache(''), 'Cache'), open: async (name) => web.strict(new Cache(String(name)), 'Cache') }, 'CacheStorage');
global.Cache = Cache;
