// The Lattice ABI as JavaScript sees it: numbers of operations and events, and the codec. It mirrors internal/abi;
// docs/abi.md is the specification. Start with Writer and Reader.

export const VERSION = 1;
export const PENDING = -1;
export const WRONG_FRAME = -2;
export const INLINE_BODY = 65536;
export const MAX_DEPTH = 500;

/** Operations, guest to host. */
export const Op = Object.freeze({
  INIT: 1, MANIFEST: 2, LOG: 3, HOP: 4, DONE: 5, RESPOND: 6, END: 7, ENV: 8,
  READ: 10, CANCEL: 11, WRITE: 12, CLOSE: 13, ABORT: 14, FETCH: 15, RPC: 16, ID: 17, RESET: 18,
  SQL_EXEC: 20, SQL_NEXT: 21, SQL_CLOSE: 22, SQL_SIZE: 23,
  KV_GET: 30, KV_PUT: 31, KV_DELETE: 32, KV_LIST: 33, DELETE_ALL: 34, SYNC: 35, GET_ALARM: 36, SET_ALARM: 37, DELETE_ALARM: 38,
  SKV_GET: 40, SKV_PUT: 41, SKV_DELETE: 42, SKV_LIST: 43, TXN_SYNC: 44, SECTION: 45, ROLLBACK: 46, D1: 50,
});

/** Events, host to guest. */
export const Event = Object.freeze({ START: 1, COMPLETE: 2, WAKE: 3, DEAD: 4, DROP: 5 });

/** Kinds of START events. */
export const Start = Object.freeze({ FETCH: 1, RPC: 2, CONSTRUCT: 3, ALARM: 4, SCHEDULED: 5, SECTION: 6 });

const Tag = Object.freeze({
  UNDEFINED: 0, NULL: 1, FALSE: 2, TRUE: 3, INT: 4, FLOAT: 5, STRING: 6, BYTES: 7, DATE: 8, ARRAY: 9, OBJECT: 10,
  MAP: 11, SET: 12, BIGINT: 13, ERROR: 14, TYPED: 15, BUFFER: 16, REGEXP: 17,
});

/** @type {any[]} constructors by typed array kind */
const typedArrays = [Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array,
  BigInt64Array, BigUint64Array, DataView];

/** @type {Record<string, any>} error classes that an ABI Error becomes by its name */
const errorClasses = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const errorFlags = ["remote", "retryable", "overloaded", "durableObjectReset"];

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);

/** A message that does not follow docs/abi.md. */
export class Malformed extends Error {
  /** @param {number} at @param {string} what */
  constructor(at, what) {
    super(`malformed ABI message at byte ${at}: ${what}`);
  }
}

/** @param {string} message */
function cloneError(message) {
  const e = new Error(message);
  return Object.defineProperty(e, "name", { value: "DataCloneError", configurable: true, writable: true });
}

/**
 * Writer builds a message, directly in guest memory while it fits there and in memory of its own when it does not.
 */
export class Writer {
  constructor() {
    /** @type {Uint8Array} */
    this.own = new Uint8Array(4096);
    this.buf = this.own;
    this.base = 0;
    this.pos = 0;
    this.end = this.own.length;
  }

  /** Starts a message in own memory. */
  reset() {
    this.buf = this.own;
    this.base = this.pos = 0;
    this.end = this.own.length;
    return this;
  }

  /** Starts a message at address of memory, where capacity bytes are free. @param {Uint8Array} memory @param {number} address @param {number} capacity */
  into(memory, address, capacity) {
    this.buf = memory;
    this.base = this.pos = address;
    this.end = address + capacity;
    return this;
  }

  /** Forgets what was written, keeping the place. */
  rewind() {
    this.pos = this.base;
  }

  get length() {
    return this.pos - this.base;
  }

  /** Tells whether the message outgrew the place given to into. */
  get spilled() {
    return this.buf === this.own;
  }

  bytes() {
    return this.buf.subarray(this.base, this.pos);
  }

  /** @param {number} n */
  need(n) {
    if (this.pos + n > this.end) this.grow(n);
  }

  /** @param {number} n */
  grow(n) {
    const written = this.length;
    const size = Math.max(4096, 2 * (written + n));
    const next = this.own.length >= size && this.buf !== this.own ? this.own : new Uint8Array(size);
    next.set(this.buf.subarray(this.base, this.pos));
    this.own = this.buf = next;
    this.base = 0;
    this.pos = written;
    this.end = next.length;
  }

  /** Gives memory of an unusually large message back. */
  trim() {
    if (this.own.length > 1 << 20) this.own = new Uint8Array(4096);
  }

  /** @param {number} v */
  u8(v) {
    this.need(1);
    this.buf[this.pos++] = v;
  }

  /** @param {boolean} v */
  bool(v) {
    this.u8(v ? 1 : 0);
  }

  /** @param {number} v */
  uint(v) {
    this.need(8);
    while (v >= 0x80) {
      this.buf[this.pos++] = (v % 128) | 0x80;
      v = v < 0x80000000 ? v >>> 7 : Math.floor(v / 128);
    }
    this.buf[this.pos++] = v;
  }

  /** Leaves room for an unsigned integer that fill writes later. */
  hole() {
    this.need(8);
    this.pos += 8;
    return this.length - 8;
  }

  /** @param {number} hole @param {number} v */
  fill(hole, v) {
    let at = this.base + hole;
    for (let i = 0; i < 7; i++) {
      this.buf[at++] = (v % 128) | 0x80;
      v = Math.floor(v / 128);
    }
    this.buf[at] = v;
  }

  /** @param {number} v */
  f64(v) {
    this.need(8);
    float[0] = v;
    this.buf.set(floatBytes, this.pos);
    this.pos += 8;
  }

  /** @param {string} s */
  str(s) {
    const n = s.length;
    if (n < 48) {
      this.need(n + 1);
      const { buf, pos } = this;
      let i = 0;
      for (; i < n; i++) {
        const c = s.charCodeAt(i);
        if (c >= 0x80) break;
        buf[pos + 1 + i] = c;
      }
      if (i === n) {
        buf[pos] = n;
        this.pos = pos + 1 + n;
        return;
      }
    }
    this.longStr(s);
  }

  /** @param {string} s */
  longStr(s) {
    if (s.length > 0x10000) {
      this.blob(encoder.encode(s));
      return;
    }
    this.need(3 * s.length + 3);
    const at = this.pos;
    const n = encoder.encodeInto(s, this.buf.subarray(at + 3, this.end)).written;
    this.buf[at] = (n & 0x7f) | 0x80;
    this.buf[at + 1] = ((n >> 7) & 0x7f) | 0x80;
    this.buf[at + 2] = n >> 14;
    this.pos = at + 3 + n;
  }

  /** @param {Uint8Array} b */
  blob(b) {
    this.uint(b.length);
    this.raw(b);
  }

  /** @param {Uint8Array} b */
  raw(b) {
    this.need(b.length);
    this.buf.set(b, this.pos);
    this.pos += b.length;
  }

  /** @param {string | undefined} s */
  optStr(s) {
    this.bool(s !== undefined);
    if (s !== undefined) this.str(s);
  }

  /** @param {number} v */
  number(v) {
    if (!Number.isSafeInteger(v) || Object.is(v, -0)) {
      this.u8(Tag.FLOAT);
      this.f64(v);
      return;
    }
    const negative = v < 0;
    const magnitude = negative ? -v - 1 : v;
    const rest = Math.floor(magnitude / 64);
    const low = (magnitude % 64) * 2 + (negative ? 1 : 0);
    this.need(11);
    this.buf[this.pos++] = Tag.INT;
    this.buf[this.pos++] = rest ? low | 0x80 : low;
    if (rest) this.uint(rest);
  }

  /** @param {any} v @returns {void} */
  value(v, depth = 0) {
    switch (typeof v) {
      case "number": return this.number(v);
      case "string":
        this.u8(Tag.STRING);
        return this.str(v);
      case "undefined": return this.u8(Tag.UNDEFINED);
      case "boolean": return this.u8(v ? Tag.TRUE : Tag.FALSE);
      case "bigint":
        this.u8(Tag.BIGINT);
        return this.str(v.toString());
      case "object": return v === null ? this.u8(Tag.NULL) : this.object(v, depth);
      default: throw cloneError(uncloneable(v));
    }
  }

  /** @param {any} v @param {number} depth @returns {void} */
  object(v, depth) {
    if (depth >= MAX_DEPTH) throw cloneError(`the value nests deeper than ${MAX_DEPTH} levels or contains a cycle`);
    const proto = Object.getPrototypeOf(v);
    if (proto === Object.prototype || proto === null) return this.fields(v, depth);
    if (Array.isArray(v)) return this.list(Tag.ARRAY, v, v.length, depth);
    if (ArrayBuffer.isView(v)) return this.bytesValue(v);
    if (v instanceof Date) {
      this.u8(Tag.DATE);
      return this.f64(v.getTime());
    }
    if (v instanceof ArrayBuffer) {
      this.u8(Tag.BUFFER);
      return this.blob(new Uint8Array(v));
    }
    if (v instanceof Map) {
      this.u8(Tag.MAP);
      this.uint(v.size);
      for (const [key, e] of v) {
        this.value(key, depth + 1);
        this.value(e, depth + 1);
      }
      return;
    }
    if (v instanceof Set) return this.list(Tag.SET, v, v.size, depth);
    if (v instanceof Error) {
      this.u8(Tag.ERROR);
      return this.error(v, depth);
    }
    if (v instanceof RegExp) {
      this.u8(Tag.REGEXP);
      this.str(v.source);
      return this.str(v.flags);
    }
    if (v instanceof Number || v instanceof String || v instanceof Boolean || v instanceof BigInt) return this.value(v.valueOf(), depth);
    const kind = Object.prototype.toString.call(v).slice(8, -1);
    if (kind !== "Object") {
      throw cloneError(`Could not serialize object of type "${kind}". This type does not support serialization.`);
    }
    this.fields(v, depth);
  }

  /** @param {any} v @param {number} depth */
  fields(v, depth) {
    const keys = Object.keys(v);
    this.u8(Tag.OBJECT);
    this.uint(keys.length);
    for (let i = 0; i < keys.length; i++) {
      this.str(keys[i]);
      this.value(v[keys[i]], depth + 1);
    }
  }

  /** @param {number} tag @param {Iterable<any>} list @param {number} length @param {number} depth */
  list(tag, list, length, depth) {
    this.u8(tag);
    this.uint(length);
    for (const e of list) this.value(e, depth + 1);
  }

  /** @param {ArrayBufferView} v */
  bytesValue(v) {
    const bytes = new Uint8Array(v.buffer, v.byteOffset, v.byteLength);
    if (v instanceof Uint8Array) {
      this.u8(Tag.BYTES);
      return this.blob(bytes);
    }
    const kind = typedArrays.findIndex((c) => v instanceof c);
    if (kind < 0) throw cloneError(`Could not serialize object of type "${v.constructor?.name}".`);
    this.u8(Tag.TYPED);
    this.u8(kind);
    this.blob(bytes);
  }

  /** @param {any} e what was thrown: an Error as a rule */
  error(e, depth = 0) {
    if (!(e instanceof Error)) {
      this.str("Error");
      this.str(thrownText(e));
      this.u8(0);
      this.str("");
      return this.uint(0);
    }
    const failure = /** @type {any} */ (e);
    this.str(String(failure.name || "Error"));
    this.str(String(failure.message));
    let flags = 0;
    errorFlags.forEach((name, i) => {
      if (failure[name] === true) flags |= 1 << i;
    });
    this.u8(flags);
    this.str("");
    const keys = Object.keys(failure).filter((k) => !errorFlags.includes(k) && k !== "name" && k !== "message" && k !== "stack");
    this.uint(keys.length);
    for (const key of keys) {
      this.str(key);
      this.cloneable(failure[key], depth + 1);
    }
  }

  /** Writes v, or its text where it cannot be cloned: an error must always arrive. @param {any} v @param {number} depth */
  cloneable(v, depth) {
    const at = this.length;
    try {
      this.value(v, depth);
    } catch {
      this.pos = this.base + at;
      this.value(thrownText(v));
    }
  }

  /** @param {any[]} values */
  values(values) {
    this.uint(values.length);
    for (let i = 0; i < values.length; i++) this.value(values[i]);
  }
}

/** @param {symbol | Function} v */
function uncloneable(v) {
  const kind = Object.prototype.toString.call(v).slice(8, -1);
  if (kind.startsWith("JsRpc") || kind.startsWith("Rpc")) return "a function or another RPC stub cannot be passed to Go: pass data";
  return `${String(v)} could not be cloned.`;
}

/** @param {any} e */
function thrownText(e) {
  try {
    return String(e);
  } catch {
    return "a value that has no text was thrown";
  }
}

/** Reader takes a message in guest memory apart. What it returns is copied out of there. */
export class Reader {
  constructor() {
    /** @type {Uint8Array} */
    this.buf = new Uint8Array(0);
    this.base = this.pos = this.end = 0;
  }

  /** @param {Uint8Array} memory @param {number} address @param {number} length */
  from(memory, address, length) {
    this.buf = memory;
    this.base = this.pos = address;
    this.end = address + length;
    if (this.end > memory.length) this.fail(`${length} bytes lie outside of memory`);
    return this;
  }

  /** @param {string} what @returns {never} */
  fail(what) {
    throw new Malformed(this.pos - this.base, what);
  }

  /** Refuses anything left over. */
  finish() {
    if (this.pos !== this.end) this.fail(`${this.end - this.pos} bytes left over`);
  }

  u8() {
    if (this.pos >= this.end) this.fail("message ends early");
    return this.buf[this.pos++];
  }

  bool() {
    const b = this.u8();
    if (b > 1) this.fail(`boolean is ${b}`);
    return b === 1;
  }

  uint() {
    let b = this.u8();
    if (b < 0x80) return b;
    let v = b & 0x7f;
    let scale = 128;
    do {
      b = this.u8();
      v += (b & 0x7f) * scale;
      scale *= 128;
      if (v > Number.MAX_SAFE_INTEGER || scale > 2 ** 77) this.fail("integer beyond 2^53-1");
    } while (b >= 0x80);
    return v;
  }

  count() {
    const n = this.uint();
    if (n > this.end - this.pos) this.fail(`list of ${n} elements in ${this.end - this.pos} bytes`);
    return n;
  }

  f64() {
    if (this.end - this.pos < 8) this.fail("message ends early");
    for (let i = 0; i < 8; i++) floatBytes[i] = this.buf[this.pos + i];
    this.pos += 8;
    return float[0];
  }

  /** Returns the place of a byte string, whose contents follow. */
  span() {
    const n = this.uint();
    if (n > this.end - this.pos) this.fail(`${n} bytes announced, ${this.end - this.pos} left`);
    this.pos += n;
    return n;
  }

  blob() {
    const n = this.span();
    return this.buf.slice(this.pos - n, this.pos);
  }

  str() {
    const n = this.span();
    const { buf, pos } = this;
    if (n <= 32) {
      let s = "";
      let i = pos - n;
      for (; i < pos && buf[i] < 0x80; i++) s += String.fromCharCode(buf[i]);
      if (i === pos) return s;
    }
    return decoder.decode(buf.subarray(pos - n, pos));
  }

  optStr() {
    return this.bool() ? this.str() : undefined;
  }

  zigzag() {
    const first = this.u8();
    let magnitude = (first & 0x7f) >> 1;
    if (first >= 0x80) magnitude += this.uint() * 64;
    const v = first & 1 ? -magnitude - 1 : magnitude;
    if (!Number.isSafeInteger(v)) this.fail(`integer ${v} is not exact`);
    return v;
  }

  /** @returns {any} */
  value(depth = 0) {
    if (depth > MAX_DEPTH) this.fail(`value nests deeper than ${MAX_DEPTH}`);
    const tag = this.u8();
    switch (tag) {
      case Tag.UNDEFINED: return undefined;
      case Tag.NULL: return null;
      case Tag.FALSE: return false;
      case Tag.TRUE: return true;
      case Tag.INT: return this.zigzag();
      case Tag.FLOAT: return this.f64();
      case Tag.STRING: return this.str();
      case Tag.BYTES: return this.blob();
      case Tag.DATE: return new Date(this.f64());
      case Tag.ARRAY: return this.values(depth);
      case Tag.OBJECT: return this.plain(depth);
      case Tag.MAP: return this.map(depth);
      case Tag.SET: return new Set(this.values(depth));
      case Tag.BIGINT: return this.bigint();
      case Tag.ERROR: return this.error(depth);
      case Tag.TYPED: return this.typed();
      case Tag.BUFFER: return this.blob().buffer;
      case Tag.REGEXP: return this.regexp();
      default: this.fail(`unknown value tag ${tag}`);
    }
  }

  values(depth = 0) {
    const n = this.count();
    const list = new Array(n);
    for (let i = 0; i < n; i++) list[i] = this.value(depth + 1);
    return list;
  }

  /** @param {number} depth */
  plain(depth) {
    /** @type {any} */
    const o = {};
    for (let n = this.count(); n > 0; n--) setField(o, this.str(), this.value(depth + 1));
    return o;
  }

  /** @param {number} depth */
  map(depth) {
    const m = new Map();
    for (let n = this.count(); n > 0; n--) {
      const key = this.value(depth + 1);
      m.set(key, this.value(depth + 1));
    }
    return m;
  }

  bigint() {
    const text = this.str();
    if (!/^-?[0-9]+$/.test(text)) this.fail("big integer is not decimal");
    return BigInt(text);
  }

  typed() {
    const kind = this.u8();
    const bytes = this.blob();
    const type = typedArrays[kind];
    if (!type) this.fail(`unknown typed array kind ${kind}`);
    if (bytes.length % (type.BYTES_PER_ELEMENT ?? 1)) this.fail(`${bytes.length} bytes do not fill a ${type.name}`);
    return new type(bytes.buffer);
  }

  regexp() {
    const source = this.str();
    const flags = this.str();
    try {
      return new RegExp(source, flags);
    } catch (e) {
      this.fail(/** @type {Error} */ (e).message);
    }
  }

  /** @returns {Error} */
  error(depth = 0) {
    const name = this.str();
    const type = Object.hasOwn(errorClasses, name) ? errorClasses[name] : Error;
    const e = new type(this.str());
    if (name && e.name !== name) Object.defineProperty(e, "name", { value: name, configurable: true, writable: true });
    const flags = this.u8();
    errorFlags.forEach((flag, i) => {
      if (flags & (1 << i)) e[flag] = true;
    });
    const stack = this.str();
    if (stack) Object.defineProperty(e, "stack", { value: stack, configurable: true, writable: true });
    for (let n = this.count(); n > 0; n--) setField(e, this.str(), this.value(depth + 1));
    return e;
  }

  /** @returns {string[]} */
  strs() {
    const n = this.count();
    const list = new Array(n);
    for (let i = 0; i < n; i++) list[i] = this.str();
    return list;
  }
}

/** Sets a property of its own even when the name is "__proto__". @param {any} o @param {string} name @param {any} value */
function setField(o, name, value) {
  if (name === "__proto__") Object.defineProperty(o, name, { value, configurable: true, enumerable: true, writable: true });
  else o[name] = value;
}
