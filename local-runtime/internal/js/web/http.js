// Headers, bodies, Request, Response, Blob and FormData.

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

class Headers {
  #list = []; // [lower-case name, value]
  constructor(init) {
    if (init === undefined || init === null) return;
    if (init instanceof Headers) this.#list = init.#list.map((e) => [...e]);
    else for (const [k, v] of typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init)) this.append(k, v);
  }
  static #name(name) {
    const n = String(name);
    if (!token.test(n)) throw new TypeError('Invalid header name.');
    return n.toLowerCase();
  }
  append(name, value) {
    const v = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
    const n = Headers.#name(name);
    if (/[\0\r\n]/.test(v)) throw new TypeError('Invalid header value.');
    this.#list.push([n, v]);
  }
  set(name, value) {
    const n = Headers.#name(name);
    const old = this.#list;
    this.#list = old.filter((e) => e[0] !== n);
    try {
      this.append(n, value);
    } catch (e) {
      this.#list = old;
      throw e;
    }
  }
  delete(name) {
    const n = Headers.#name(name);
    this.#list = this.#list.filter((e) => e[0] !== n);
  }
  get(name) {
    const n = Headers.#name(name);
    const values = this.#list.filter((e) => e[0] === n).map((e) => e[1]);
    return values.length ? values.join(', ') : null;
  }
  getAll(name) {
    if (Headers.#name(name) !== 'set-cookie') throw new TypeError('getAll() can only be used with the header name "Set-Cookie".');
    return this.getSetCookie();
  }
  getSetCookie() {
    return this.#list.filter((e) => e[0] === 'set-cookie').map((e) => e[1]);
  }
  has(name) {
    const n = Headers.#name(name);
    return this.#list.some((e) => e[0] === n);
  }
  forEach(f, self) {
    for (const [k, v] of this) f.call(self, v, k, this);
  }
  *entries() {
    for (const name of [...new Set(this.#list.map((e) => e[0]))].sort()) {
      if (name === 'set-cookie') for (const v of this.getSetCookie()) yield [name, v];
      else yield [name, this.get(name)];
    }
  }
  *keys() {
    for (const e of this.entries()) yield e[0];
  }
  *values() {
    for (const e of this.entries()) yield e[1];
  }
  [Symbol.iterator]() {
    return this.entries();
  }
}

class Blob {
  #bytes;
  constructor(parts = [], { type = '' } = {}) {
    this.#bytes = web.concat([...parts].map((p) => (p instanceof Blob ? p.#bytes : (web.bytesOf(p) ?? host.encode(String(p))))).concat([new Uint8Array(0)]));
    this.type = String(type).toLowerCase();
  }
  get size() {
    return this.#bytes.byteLength;
  }
  /** The bytes themselves, for this package. */
  _bytes() {
    return this.#bytes;
  }
  async bytes() {
    return this.#bytes.slice();
  }
  async arrayBuffer() {
    return this.#bytes.slice().buffer;
  }
  async text() {
    return host.decode(this.#bytes);
  }
  slice(from = 0, to = this.size, type = '') {
    return new Blob([this.#bytes.slice(from, to)], { type });
  }
  stream() {
    return new Response(this.#bytes).body;
  }
}

class File extends Blob {
  constructor(parts, name, options = {}) {
    super(parts, options);
    this.name = String(name);
    this.lastModified = options.lastModified ?? Date.now();
  }
}

class FormData {
  #list = [];
  append(k, v, name) {
    this.#list.push([String(k), v instanceof Blob ? (v instanceof File && name === undefined ? v : new File([v], name ?? 'blob', { type: v.type })) : String(v)]);
  }
  set(k, v, name) {
    this.delete(k);
    this.append(k, v, name);
  }
  delete(k) {
    this.#list = this.#list.filter((e) => e[0] !== String(k));
  }
  get(k) {
    const e = this.#list.find((e) => e[0] === String(k));
    return e ? e[1] : null;
  }
  getAll(k) {
    return this.#list.filter((e) => e[0] === String(k)).map((e) => e[1]);
  }
  has(k) {
    return this.#list.some((e) => e[0] === String(k));
  }
  *entries() {
    yield* this.#list.map((e) => [...e]);
  }
  *keys() {
    for (const e of this.#list) yield e[0];
  }
  *values() {
    for (const e of this.#list) yield e[1];
  }
  forEach(f, self) {
    for (const [k, v] of this.#list) f.call(self, v, k, this);
  }
  [Symbol.iterator]() {
    return this.entries();
  }
}

const latin = (bytes) => {
  let s = '';
  for (let i = 0; i < bytes.length; i += 4096) s += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return s;
};

/** Takes a multipart body apart. */
const parseMultipart = (bytes, boundary) => {
  const form = new FormData();
  const text = latin(bytes);
  const mark = '--' + boundary;
  let at = text.indexOf(mark);
  while (at >= 0 && text.slice(at + mark.length, at + mark.length + 2) !== '--') {
    const head = text.indexOf('\r\n\r\n', at);
    const next = text.indexOf('\r\n' + mark, head);
    if (head < 0 || next < 0) throw new TypeError('Failed to parse the multipart body.');
    const headers = host.decode(bytes.subarray(at + mark.length + 2, head));
    const name = /[;\s]name="([^"]*)"/i.exec(headers)?.[1];
    const file = /[;\s]filename="([^"]*)"/i.exec(headers)?.[1];
    const content = bytes.slice(head + 4, next);
    if (name === undefined) throw new TypeError('Failed to parse the multipart body: a part has no name.');
    if (file === undefined) form.append(name, host.decode(content));
    else form.append(name, new File([content], file, { type: /^content-type:\s*(\S+)/im.exec(headers)?.[1] ?? '' }));
    at = next + 2;
  }
  return form;
};

/** The multipart form of a FormData: its bytes and its boundary. */
const formatMultipart = (form) => {
  const boundary = '----lattice' + Math.random().toString(16).slice(2) + Math.random().toString(16).slice(2);
  const chunks = [];
  const quote = (s) => s.replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/"/g, '%22');
  for (const [k, v] of form) {
    let head = `--${boundary}\r\nContent-Disposition: form-data; name="${quote(k)}"`;
    if (v instanceof File) head += `; filename="${quote(v.name)}"\r\nContent-Type: ${v.type || 'application/octet-stream'}`;
    chunks.push(host.encode(head + '\r\n\r\n'), v instanceof File ? v._bytes() : host.encode(v), host.encode('\r\n'));
  }
  chunks.push(host.encode(`--${boundary}--\r\n`));
  return { bytes: web.concat(chunks), boundary };
};
/** What a body is made of: a stream or null, and the type that it implies. */
const extract = (init) => {
  if (init === null || init === undefined) return { stream: null, type: null };
  if (init instanceof ReadableStream) {
    if (init.locked || init._disturbed) throw new TypeError('This ReadableStream is disturbed (has already been read from), and cannot be used as a body.');
    return { stream: init, type: null };
  }
  let bytes = typeof init === 'string' ? null : web.bytesOf(init);
  let type = null;
  if (bytes) bytes = bytes.slice();
  else if (init instanceof Blob) {
    bytes = init._bytes();
    type = init.type || null;
  } else if (init instanceof FormData) {
    const m = formatMultipart(init);
    bytes = m.bytes;
    type = `multipart/form-data; boundary=${m.boundary}`;
  } else {
    bytes = host.encode(String(init));
    type = init instanceof URLSearchParams ? 'application/x-www-form-urlencoded;charset=UTF-8' : 'text/plain;charset=UTF-8';
  }
  return { stream: bytesStream(bytes), type, bytes };
};

const bytesStream = (bytes) => {
  let s;
  s = new ReadableStream({
    start(c) {
      if (bytes.byteLength) c.enqueue(bytes);
      c.close();
    },
  });
  s._length = bytes.byteLength;
  s._bytes = bytes;
  return s;
};

class Body {
  #stream;
  constructor(stream) {
    this.#stream = stream;
  }
  get body() {
    return this.#stream;
  }
  get bodyUsed() {
    return this.#stream !== null && this.#stream._disturbed;
  }
  async bytes() {
    if (this.#stream === null) return new Uint8Array(0);
    if (this.bodyUsed || this.#stream.locked) throw new TypeError('Body has already been used. It can only be used once. Use tee() first if you need to read it twice.');
    const reader = this.#stream.getReader();
    const chunks = [new Uint8Array(0)];
    this.#stream._disturbed = true;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return chunks.length === 2 ? chunks[1] : web.concat(chunks);
      const b = web.bytesOf(value);
      if (!b || typeof value === 'string') throw new TypeError('a chunk of a body must be bytes');
      chunks.push(b);
    }
  }
  async arrayBuffer() {
    return (await this.bytes()).slice().buffer;
  }
  async text() {
    return new TextDecoder().decode(await this.bytes());
  }
  async json() {
    return JSON.parse(await this.text());
  }
  async blob() {
    return new Blob([await this.bytes()], { type: this.headers.get('content-type') ?? '' });
  }
  async formData() {
    const type = this.headers.get('content-type') ?? '';
    if (/^application\/x-www-form-urlencoded/i.test(type)) {
      const form = new FormData();
      for (const [k, v] of new URLSearchParams(await this.text())) form.append(k, v);
      return form;
    }
    const boundary = /^multipart\/form-data;.*boundary="?([^";]+)"?/i.exec(type)?.[1];
    if (!boundary) throw new TypeError(`Unrecognized Content-Type header value. FormData can only parse multipart/form-data and application/x-www-form-urlencoded.`);
    return parseMultipart(await this.bytes(), boundary);
  }
  /** The body of a copy. */
  _fork() {
    if (this.#stream === null) return null;
    if (this.bodyUsed || this.#stream.locked) throw new TypeError('Cannot clone: the body has been used.');
    if (this.#stream._bytes) return bytesStream(this.#stream._bytes);
    const [mine, other] = this.#stream.tee();
    this.#stream = mine;
    return other;
  }
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);

class Request extends Body {
  constructor(input, init = {}) {
    init = init ?? {};
    const from = input instanceof Request ? input : null;
    const method = String(init.method ?? from?.method ?? 'GET');
    const given = init.body !== undefined && init.body !== null;
    const { stream, type } = extract(given ? init.body : from ? from.body : null);
    const upper = methods.has(method.toUpperCase()) ? method.toUpperCase() : method;
    if (given && (upper === 'GET' || upper === 'HEAD')) {
      const refusal = 'Request with a GET or HEAD method cannot have a body.';
      if (!(init.body instanceof ReadableStream)) throw new TypeError(refusal);
      // syumai/workers gives the requests that it passes on a stream, also when there is nothing in it.
      web.warn(`${refusal} workerd refuses a body even when it is empty, the local host leaves it out: set Body of the http.Request to nil`);
    }
    super(stream);
    this.method = upper;
    this.url = from ? from.url : new URL(String(input)).href;
    this.headers = new Headers(init.headers ?? from?.headers);
    if (type && !this.headers.has('content-type')) this.headers.set('content-type', type);
    this.redirect = init.redirect ?? from?.redirect ?? 'follow';
    if (!['follow', 'error', 'manual'].includes(this.redirect)) throw new TypeError('Invalid redirect value, must be one of "follow" or "manual" ("error" won\'t be implemented since it does not make sense at the edge; use "manual" and check the response status code).');
    this.signal = init.signal ?? from?.signal ?? new AbortController().signal;
    this.cf = init.cf ?? from?.cf;
    this.fetcher = null;
    this.integrity = '';
    this.keepalive = false;
    this.cache = init.cache;
  }
  clone() {
    const copy = new Request(this.url, { method: 'POST', headers: this.headers, body: this._fork(), redirect: this.redirect, cf: this.cf, signal: this.signal });
    copy.method = this.method;
    return copy;
  }
}

const nullBody = new Set([101, 204, 205, 304]);

class Response extends Body {
  constructor(body = null, init = {}) {
    init = init ?? {};
    const status = init.status === undefined ? 200 : Number(init.status);
    if (!(Number.isInteger(status) && ((status >= 200 && status <= 599) || (status === 101 && init.webSocket)))) {
      throw new RangeError('Responses may only be constructed with status codes in the range 200 to 599, inclusive.');
    }
    if (body !== null && body !== undefined && nullBody.has(status)) throw new TypeError('Response with null body status (101, 204, 205, or 304) cannot have a body.');
    const { stream, type } = extract(body);
    super(stream);
    this.status = status;
    this.statusText = String(init.statusText ?? '');
    this.headers = new Headers(init.headers);
    if (type && !this.headers.has('content-type')) this.headers.set('content-type', type);
    this.redirected = false;
    this.url = '';
    this.type = 'default';
    this.cf = init.cf;
    this.webSocket = init.webSocket ?? null;
  }
  get ok() {
    return this.status >= 200 && this.status <= 299;
  }
  clone() {
    return Object.assign(new Response(this._fork(), this), { url: this.url, redirected: this.redirected });
  }
  static json(value, init = {}) {
    const headers = new Headers(init.headers);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return new Response(JSON.stringify(value), { ...init, headers });
  }
  static redirect(url, status = 302) {
    if (![301, 302, 303, 307, 308].includes(status)) throw new RangeError(`${status} is not a redirect status code.`);
    return new Response(null, { status, headers: { location: new URL(url).href } });
  }
  static error() {
    return Object.assign(new Response(null), { status: 0, type: 'error' });
  }
}

Object.assign(global, { Headers, Blob, File, FormData, Request, Response });

/** A body as the host takes it: null, bytes, or a stream. */
web.bodyOf = (message) => {
  const s = message.body;
  if (s === null) return null;
  if (message.bodyUsed || s.locked) throw new TypeError('Body has already been used. It can only be used once. Use tee() first if you need to read it twice.');
  if (!s._bytes) return s;
  s._disturbed = true;
  return s._bytes;
};

web.headerList = (headers) => [...headers].map(([k, v]) => [k, v]);

/** The head of a request as the host takes it. */
web.requestHead = (request) => ({
  method: request.method, url: request.url, headers: web.headerList(request.headers), redirect: request.redirect,
  cf: request.cf === undefined ? '' : JSON.stringify(request.cf),
});

/** A Response of what the host answered. */
web.responseOf = ({ value, body }) => {
  const r = new Response(nullBody.has(value.status) || value.socket !== undefined ? null : (body ?? new Uint8Array(0)), { status: value.status, statusText: value.statusText, headers: value.headers, webSocket: value.socket === undefined ? null : web.socketOf(value.socket) });
  if (body instanceof ReadableStream) r.body._length = body._length;
  r.url = value.url ?? '';
  r.redirected = value.redirected === true;
  return r;
};
