// Text and bytes.

/** The bytes of a string, a view or a buffer; views of them share memory. */
web.bytesOf = (v) => {
  if (typeof v === 'string') return host.encode(v);
  if (v instanceof Uint8Array) return v;
  if (ArrayBuffer.isView(v)) return new Uint8Array(v.buffer, v.byteOffset, v.byteLength);
  if (v instanceof ArrayBuffer) return new Uint8Array(v);
  return null;
};

web.concat = (chunks) => {
  if (chunks.length === 1) return chunks[0];
  let size = 0;
  for (const c of chunks) size += c.byteLength;
  const all = new Uint8Array(size);
  let at = 0;
  for (const c of chunks) {
    all.set(c, at);
    at += c.byteLength;
  }
  return all;
};

/** Defines names of globalThis and of web by what loads them, which happens when one is asked for. */
web.later = (globals, ofWeb, load) => {
  let loaded = false;
  const define = (on, name) =>
    Object.defineProperty(on, name, {
      configurable: true,
      get() {
        if (!loaded) {
          loaded = true;
          load();
        }
        return Object.getOwnPropertyDescriptor(on, name).value;
      },
      set: (value) => void Object.defineProperty(on, name, { value, writable: true, configurable: true, enumerable: true }),
    });
  for (const name of globals ?? []) define(global, name);
  for (const name of ofWeb ?? []) define(web, name);
};

/** Says something to the developer, in the log. */
web.warn = (text) => void host.do('warn', [text]);

/** Makes an object on which names that it does not have are refused by name. */
web.strict = (object, what) =>
  new Proxy(object, {
    get(target, name, receiver) {
      if (typeof name === 'symbol' || name in target || web.asked.has(name)) return Reflect.get(target, name, receiver);
      return () => {
        throw host.missing('method', `${what}.${name}`);
      };
    },
  });

/** Names that code asks for to find out what an object is. */
web.asked = new Set(['then', 'toJSON', 'constructor', 'length', 'nodeType']);

global.TextEncoder = class TextEncoder {
  get encoding() {
    return 'utf-8';
  }
  encode(text = '') {
    return host.encode(String(text));
  }
  encodeInto(text, to) {
    const bytes = host.encode(String(text));
    let n = Math.min(bytes.length, to.length);
    while (n > 0 && n < bytes.length && (bytes[n] & 0xc0) === 0x80) n--;
    to.set(bytes.subarray(0, n));
    return { read: host.decode(bytes.subarray(0, n)).length, written: n };
  }
};

/** How many bytes at the end of b begin a character that is not complete. */
const incomplete = (b) => {
  for (let back = 1; back <= Math.min(3, b.length); back++) {
    const c = b[b.length - back];
    if ((c & 0xc0) === 0x80) continue;
    const need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return need > back ? back : 0;
  }
  return 0;
};

global.TextDecoder = class TextDecoder {
  #rest = new Uint8Array(0);
  constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
    if (!/^\s*(utf-?8|unicode-1-1-utf-8)\s*$/i.test(label)) {
      throw new RangeError(`the local host's TextDecoder knows utf-8, not ${JSON.stringify(label)}`);
    }
    this.encoding = 'utf-8';
    this.fatal = fatal;
    this.ignoreBOM = ignoreBOM;
  }
  decode(input = new Uint8Array(0), { stream = false } = {}) {
    let bytes = web.concat([this.#rest, web.bytesOf(input)]);
    const keep = stream ? incomplete(bytes) : 0;
    this.#rest = bytes.slice(bytes.length - keep);
    bytes = bytes.subarray(0, bytes.length - keep);
    const text = host.decode(bytes);
    if (this.fatal && text.includes('\ufffd') && host.encode(text).length !== bytes.length) throw new TypeError('Failed to decode input.');
    return !this.ignoreBOM && text.startsWith('\ufeff') ? text.slice(1) : text;
  }
};

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

global.btoa = (text) => {
  const s = String(text);
  let out = '';
  for (let i = 0; i < s.length; i += 3) {
    const c = [0, 1, 2].map((k) => s.charCodeAt(i + k));
    if (c.some((x) => x > 255)) throw new web.DOMException('btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.', 'InvalidCharacterError');
    const n = ((c[0] || 0) << 16) | ((c[1] || 0) << 8) | (c[2] || 0);
    out += digits[n >> 18] + digits[(n >> 12) & 63] + (i + 1 < s.length ? digits[(n >> 6) & 63] : '=') + (i + 2 < s.length ? digits[n & 63] : '=');
  }
  return out;
};

global.atob = (text) => {
  const s = String(text).replace(/[\t\n\f\r ]/g, '').replace(/={1,2}$/, '');
  if (s.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(s)) throw new web.DOMException('atob() called with invalid base64-encoded data.', 'InvalidCharacterError');
  let out = '';
  let bits = 0;
  let n = 0;
  for (const c of s) {
    n = ((n << 6) | digits.indexOf(c)) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += String.fromCharCode((n >> bits) & 255);
    }
  }
  return out;
};

web.DOMException = global.DOMException = class DOMException extends Error {
  constructor(message = '', name = 'Error') {
    super(message);
    Object.defineProperty(this, 'name', { value: name, configurable: true });
  }
};
