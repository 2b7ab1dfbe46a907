// R2 buckets.

const objectOf = ({ value, body }, ifNone = null) => {
  if (value === null || value === undefined) return ifNone;
  const o = Object.assign(Object.create(R2Object.prototype), value);
  for (const name of ['range']) if (o[name] === null) delete o[name];
  return body === null ? o : withBody(o, body);
};

class R2Object {
  writeHttpMetadata(headers) {
    const m = this.httpMetadata ?? {};
    for (const [field, name] of Object.entries({
      contentType: 'content-type', contentLanguage: 'content-language', contentDisposition: 'content-disposition',
      contentEncoding: 'content-encoding', cacheControl: 'cache-control',
    })) {
      if (m[field] !== undefined) headers.set(name, m[field]);
    }
    if (m.cacheExpiry) headers.set('expires', m.cacheExpiry.toUTCString());
  }
}

/** An object with its content, which is read through a Response. */
const withBody = (o, content) => {
  const r = new Response(content);
  const body = Object.assign(Object.create(R2ObjectBody.prototype), o);
  Object.defineProperty(body, '_response', { value: r });
  return body;
};
class R2ObjectBody extends R2Object {
  get body() {
    return this._response.body;
  }
  get bodyUsed() {
    return this._response.bodyUsed;
  }
  bytes() {
    return this._response.bytes();
  }
  arrayBuffer() {
    return this._response.arrayBuffer();
  }
  text() {
    return this._response.text();
  }
  json() {
    return this._response.json();
  }
  async blob() {
    return new Blob([await this.bytes()], { type: this.httpMetadata?.contentType ?? '' });
  }
}

const content = (v) => {
  if (v === null) return new Uint8Array(0);
  if (v instanceof ReadableStream) return v;
  return web.bodyOf(new Response(v)) ?? new Uint8Array(0);
};

const fromHex = (s) => new Uint8Array((s.match(/../g) ?? []).map((x) => parseInt(x, 16)));

const putOptions = (options = {}) => {
  const o = getOptions(options);
  if (o.httpMetadata instanceof Headers) {
    const h = o.httpMetadata;
    o.httpMetadata = {};
    for (const [field, name] of [['contentType', 'content-type'], ['contentLanguage', 'content-language'], ['contentDisposition', 'content-disposition'], ['contentEncoding', 'content-encoding'], ['cacheControl', 'cache-control']]) {
      if (h.has(name)) o.httpMetadata[field] = h.get(name);
    }
    if (h.has('expires')) o.httpMetadata.cacheExpiry = new Date(h.get('expires'));
  }
  for (const sum of ['md5', 'sha1', 'sha256', 'sha384', 'sha512']) {
    if (typeof o[sum] === 'string') o[sum] = fromHex(o[sum]);
    else if (o[sum] !== undefined) o[sum] = web.bytesOf(o[sum]);
  }
  return o;
};

const getOptions = (options = {}) => {
  const o = { ...options };
  for (const name of ['onlyIf', 'range']) if (o[name] instanceof Headers) o[name] = [...o[name]];
  return o;
};

class R2Bucket {
  constructor(binding) {
    Object.defineProperty(this, '_binding', { value: binding });
  }
  _call(method, args, body = null) {
    return host.call('r2', [this._binding, method, args], body);
  }
  async head(key) {
    return objectOf(await this._call('head', [String(key)]));
  }
  async get(key, options) {
    return objectOf(await this._call('get', [String(key), getOptions(options)]));
  }
  async put(key, value, options) {
    return objectOf(await this._call('put', [String(key), putOptions(options)], content(value)));
  }
  async delete(keys) {
    await this._call('delete', [Array.isArray(keys) ? keys.map(String) : String(keys)]);
  }
  async list(options = {}) {
    const { value } = await this._call('list', [options]);
    const list = { ...value, objects: value.objects.map((o) => objectOf({ value: o, body: null })) };
    if (list.cursor === null) delete list.cursor;
    return list;
  }
  async createMultipartUpload(key, options) {
    const { value } = await this._call('createMultipartUpload', [String(key), putOptions(options)]);
    return this.resumeMultipartUpload(value.key, value.uploadId);
  }
  resumeMultipartUpload(key, uploadId) {
    return {
      key,
      uploadId,
      uploadPart: async (number, part) => (await this._call('uploadPart', [key, uploadId, number], content(part))).value,
      complete: async (parts) => objectOf(await this._call('complete', [key, uploadId, parts])),
      abort: async () => void (await this._call('abort', [key, uploadId])),
    };
  }
}

web.r2 = (binding) => web.strict(new R2Bucket(binding), 'R2Bucket');
