// URL and URLSearchParams. The host takes URLs apart.

const escape = (s) => encodeURIComponent(s).replace(/[!'()~]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase()).replace(/%20/g, '+');
const unescape = (s) => {
  s = s.replace(/\+/g, ' ');
  try {
    return decodeURIComponent(s);
  } catch {
    return s;
  }
};

class URLSearchParams {
  #list = [];
  #changed;
  constructor(init = '', changed) {
    this.#changed = changed;
    if (typeof init === 'object' && init !== null) {
      const pairs = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init);
      for (const [k, v] of pairs) this.#list.push([String(k), String(v)]);
      return;
    }
    for (const part of String(init).replace(/^\?/, '').split('&')) {
      if (part === '') continue;
      const at = part.indexOf('=');
      this.#list.push(at < 0 ? [unescape(part), ''] : [unescape(part.slice(0, at)), unescape(part.slice(at + 1))]);
    }
  }
  #set(list) {
    this.#list = list;
    if (this.#changed) this.#changed(this.toString());
  }
  get size() {
    return this.#list.length;
  }
  append(k, v) {
    this.#set([...this.#list, [String(k), String(v)]]);
  }
  delete(k, v) {
    this.#set(this.#list.filter((e) => e[0] !== String(k) || (v !== undefined && e[1] !== String(v))));
  }
  get(k) {
    const e = this.#list.find((e) => e[0] === String(k));
    return e ? e[1] : null;
  }
  getAll(k) {
    return this.#list.filter((e) => e[0] === String(k)).map((e) => e[1]);
  }
  has(k, v) {
    return this.#list.some((e) => e[0] === String(k) && (v === undefined || e[1] === String(v)));
  }
  set(k, v) {
    let found = false;
    const list = [];
    for (const e of this.#list) {
      if (e[0] !== String(k)) list.push(e);
      else if (!found) {
        found = true;
        list.push([e[0], String(v)]);
      }
    }
    if (!found) list.push([String(k), String(v)]);
    this.#set(list);
  }
  sort() {
    this.#set([...this.#list].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)));
  }
  forEach(f, self) {
    for (const [k, v] of this.#list) f.call(self, v, k, this);
  }
  *entries() {
    for (const e of this.#list) yield [...e];
  }
  *keys() {
    for (const e of this.#list) yield e[0];
  }
  *values() {
    for (const e of this.#list) yield e[1];
  }
  [Symbol.iterator]() {
    return this.entries();
  }
  toString() {
    return this.#list.map(([k, v]) => `${escape(k)}=${escape(v)}`).join('&');
  }
}

class URL {
  #parts;
  #params;
  constructor(url, base) {
    this.#parts = host.url(String(url), base === undefined ? undefined : String(base));
    if (!this.#parts) throw new TypeError('Invalid URL string.');
  }
  static canParse(url, base) {
    return host.url(String(url), base === undefined ? undefined : String(base)) !== null;
  }
  static parse(url, base) {
    return URL.canParse(url, base) ? new URL(url, base) : null;
  }
  #with(part, value) {
    this.#parts[part] = value;
    const again = host.url(this.href);
    if (again) this.#parts = again;
  }
  get host() {
    return this.hostname + (this.port ? ':' + this.port : '');
  }
  set host(v) {
    const [name, port = ''] = String(v).split(/:(?=\d*$)/);
    this.#parts.port = port;
    this.#with('hostname', name);
  }
  get href() {
    const p = this.#parts;
    const user = p.username ? p.username + (p.password ? ':' + p.password : '') + '@' : '';
    return p.protocol + (p.slashes ? '//' : '') + user + this.host + p.pathname + p.search + p.hash;
  }
  set href(v) {
    const parts = host.url(String(v));
    if (!parts) throw new TypeError('Invalid URL string.');
    this.#parts = parts;
    this.#params = undefined;
  }
  get origin() {
    return /^(https?|wss?|ftp):$/.test(this.protocol) ? this.protocol + '//' + this.host : 'null';
  }
  get search() {
    return this.#parts.search;
  }
  set search(v) {
    const s = String(v).replace(/^\?/, '');
    this.#with('search', s ? '?' + s : '');
    this.#params = undefined;
  }
  get searchParams() {
    return (this.#params ??= new URLSearchParams(this.search, (s) => (this.#parts.search = s ? '?' + s : '')));
  }
  get hash() {
    return this.#parts.hash;
  }
  set hash(v) {
    const s = String(v).replace(/^#/, '');
    this.#with('hash', s ? '#' + s : '');
  }
  toString() {
    return this.href;
  }
  toJSON() {
    return this.href;
  }
  static {
    for (const part of ['protocol', 'username', 'password', 'hostname', 'port', 'pathname']) {
      Object.defineProperty(URL.prototype, part, {
        get() {
          return this.#parts[part];
        },
        set(v) {
          this.#with(part, part === 'protocol' ? String(v).replace(/:?$/, ':') : part === 'pathname' ? String(v).replace(/^\/?/, '/') : String(v));
        },
        enumerable: true,
      });
    }
  }
}

global.URL = URL;
global.URLSearchParams = URLSearchParams;
