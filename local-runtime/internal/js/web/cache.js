// The Cache API. The host keeps what is put; there is one data centre.

const asked = (cache, request) => {
  const r = new Request(request);
  return [cache._name, r.url, web.headerList(r.headers)];
};
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
    const head = { status: response.status, statusText: response.statusText, headers: web.headerList(response.headers) };
    await host.call('cachePut', [...asked(this, r), head], web.bodyOf(response));
  }
  async match(request, options) {
    if (!isGet(request, options)) return undefined;
    const found = await host.call('cacheMatch', asked(this, request), null);
    if (found.value === null) return undefined;
    return web.responseOf({ value: found.value, body: found.body });
  }
  async delete(request, options) {
    if (!isGet(request, options)) return false;
    return (await host.call('cacheDelete', asked(this, request), null)).value;
  }
}

global.caches = web.strict({ default: web.strict(new Cache(''), 'Cache'), open: async (name) => web.strict(new Cache(String(name)), 'Cache') }, 'CacheStorage');
global.Cache = Cache;
