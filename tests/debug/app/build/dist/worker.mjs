// Made by lattice build. Do not edit.

// entry.mjs
import wasm from "./app.wasm";

// shim:shim/values.mjs
var MAX_DEPTH = 500;
var Tag = Object.freeze({
  UNDEFINED: 0,
  NULL: 1,
  FALSE: 2,
  TRUE: 3,
  INT: 4,
  FLOAT: 5,
  STRING: 6,
  BYTES: 7,
  DATE: 8,
  ARRAY: 9,
  OBJECT: 10,
  MAP: 11,
  SET: 12,
  BIGINT: 13,
  ERROR: 14,
  TYPED: 15,
  BUFFER: 16,
  REGEXP: 17,
  STUB: 18,
  READABLE: 19,
  WRITABLE: 20,
  REQUEST: 21,
  RESPONSE: 22,
  HEADERS: 23
});
var typedArrays = [
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView
];
var errorClasses = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
var errorFlags = ["remote", "retryable", "overloaded", "durableObjectReset"];
var float = new Float64Array(1);
var floatBytes = new Uint8Array(float.buffer);

// shim:shim/reader.mjs
var decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
var Malformed = class extends Error {
  /** @param {number} at @param {string} what */
  constructor(at, what) {
    super(`malformed ABI message at byte ${at}: ${what}`);
  }
};
var Reader = class {
  constructor() {
    this.buf = new Uint8Array(0);
    this.base = this.pos = this.end = 0;
    this.refs = null;
  }
  /** @param {Uint8Array} memory @param {number} address @param {number} length */
  from(memory, address, length) {
    this.buf = memory;
    this.base = this.pos = address;
    this.end = address + length;
    this.refs = null;
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
    if (b < 128) return b;
    let v = b & 127;
    let scale = 128;
    do {
      b = this.u8();
      v += (b & 127) * scale;
      scale *= 128;
      if (v > Number.MAX_SAFE_INTEGER || scale > 2 ** 77) this.fail("integer beyond 2^53-1");
    } while (b >= 128);
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
      for (; i < pos && buf[i] < 128; i++) s += String.fromCharCode(buf[i]);
      if (i === pos) return s;
    }
    return decoder.decode(buf.subarray(pos - n, pos));
  }
  optStr() {
    return this.bool() ? this.str() : void 0;
  }
  zigzag() {
    const first = this.u8();
    let magnitude = (first & 127) >> 1;
    if (first >= 128) magnitude += this.uint() * 64;
    const v = first & 1 ? -magnitude - 1 : magnitude;
    if (!Number.isSafeInteger(v)) this.fail(`integer ${v} is not exact`);
    return v;
  }
  /** @returns {any} */
  value(depth = 0) {
    if (depth > MAX_DEPTH) this.fail(`value nests deeper than ${MAX_DEPTH}`);
    const tag = this.u8();
    switch (tag) {
      case Tag.UNDEFINED:
        return void 0;
      case Tag.NULL:
        return null;
      case Tag.FALSE:
        return false;
      case Tag.TRUE:
        return true;
      case Tag.INT:
        return this.zigzag();
      case Tag.FLOAT:
        return this.f64();
      case Tag.STRING:
        return this.str();
      case Tag.BYTES:
        return this.blob();
      case Tag.DATE:
        return new Date(this.f64());
      case Tag.ARRAY:
        return this.values(depth);
      case Tag.OBJECT:
        return this.plain(depth);
      case Tag.MAP:
        return this.map(depth);
      case Tag.SET:
        return new Set(this.values(depth));
      case Tag.BIGINT:
        return this.bigint();
      case Tag.ERROR:
        return this.error(depth);
      case Tag.TYPED:
        return this.typed();
      case Tag.BUFFER:
        return this.blob().buffer;
      case Tag.REGEXP:
        return this.regexp();
      default:
        if (this.refs) return this.refs.read(this, tag);
        this.fail(`unknown value tag ${tag}`);
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
    const o = {};
    for (let n = this.count(); n > 0; n--) setField(o, this.str(), this.value(depth + 1));
    return o;
  }
  /** @param {number} depth */
  map(depth) {
    const m = /* @__PURE__ */ new Map();
    for (let n = this.count(); n > 0; n--) {
      const key = this.value(depth + 1);
      m.set(key, this.value(depth + 1));
    }
    return m;
  }
  bigint() {
    const text2 = this.str();
    if (!/^-?[0-9]+$/.test(text2)) this.fail("big integer is not decimal");
    return BigInt(text2);
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
    const source2 = this.str();
    const flags = this.str();
    try {
      return new RegExp(source2, flags);
    } catch (e) {
      this.fail(
        /** @type {Error} */
        e.message
      );
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
      if (flags & 1 << i) e[flag] = true;
    });
    const stack = this.str();
    if (stack) Object.defineProperty(e, "stack", { value: stack, configurable: true, writable: true });
    for (let n = this.count(); n > 0; n--) {
      const key = this.str();
      setField(e, key, this.value(depth + 1), key !== "cause");
    }
    return e;
  }
  /** @returns {string[]} */
  strs() {
    const n = this.count();
    const list = new Array(n);
    for (let i = 0; i < n; i++) list[i] = this.str();
    return list;
  }
};
function setField(o, name, value, enumerable = true) {
  if (name === "__proto__" || !enumerable) Object.defineProperty(o, name, { value, configurable: true, enumerable, writable: true });
  else o[name] = value;
}

// shim:shim/writer.mjs
var encoder = new TextEncoder();
function cloneError(message) {
  const e = new Error(message);
  return Object.defineProperty(e, "name", { value: "DataCloneError", configurable: true, writable: true });
}
var Writer = class {
  constructor() {
    this.own = new Uint8Array(4096);
    this.buf = this.own;
    this.base = 0;
    this.pos = 0;
    this.end = this.own.length;
    this.refs = null;
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
    this.refs = null;
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
    const written2 = this.length;
    const size = Math.max(4096, 2 * (written2 + n));
    const next = this.own.length >= size && this.buf !== this.own ? this.own : new Uint8Array(size);
    next.set(this.buf.subarray(this.base, this.pos));
    this.own = this.buf = next;
    this.base = 0;
    this.pos = written2;
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
    while (v >= 128) {
      this.buf[this.pos++] = v % 128 | 128;
      v = v < 2147483648 ? v >>> 7 : Math.floor(v / 128);
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
      this.buf[at++] = v % 128 | 128;
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
        if (c >= 128) break;
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
    if (s.length > 65536) {
      this.blob(encoder.encode(s));
      return;
    }
    this.need(3 * s.length + 3);
    const at = this.pos;
    const n = encoder.encodeInto(s, this.buf.subarray(at + 3, this.end)).written;
    this.buf[at] = n & 127 | 128;
    this.buf[at + 1] = n >> 7 & 127 | 128;
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
    this.bool(s !== void 0);
    if (s !== void 0) this.str(s);
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
    const low = magnitude % 64 * 2 + (negative ? 1 : 0);
    this.need(11);
    this.buf[this.pos++] = Tag.INT;
    this.buf[this.pos++] = rest ? low | 128 : low;
    if (rest) this.uint(rest);
  }
  /** @param {any} v @returns {void} */
  value(v, depth = 0) {
    switch (typeof v) {
      case "number":
        return this.number(v);
      case "string":
        this.u8(Tag.STRING);
        return this.str(v);
      case "undefined":
        return this.u8(Tag.UNDEFINED);
      case "boolean":
        return this.u8(v ? Tag.TRUE : Tag.FALSE);
      case "bigint":
        this.u8(Tag.BIGINT);
        return this.str(v.toString());
      case "object":
        return v === null ? this.u8(Tag.NULL) : this.object(v, depth);
      default: {
        const kind = kindOf(v);
        if (!this.refs?.write(this, v, kind)) throw cloneError(uncloneable(v, kind));
      }
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
    const kind = kindOf(v);
    if (kind === "Object") return this.fields(v, depth);
    if (!this.refs?.write(this, v, kind)) throw cloneError(uncloneable(v, kind));
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
    const failure2 = (
      /** @type {any} */
      e
    );
    this.str(String(failure2.name || "Error"));
    this.str(String(failure2.message));
    let flags = 0;
    errorFlags.forEach((name, i) => {
      if (failure2[name] === true) flags |= 1 << i;
    });
    this.u8(flags);
    this.str("");
    const keys = Object.keys(failure2).filter((k) => !errorFlags.includes(k) && k !== "name" && k !== "message" && k !== "stack" && k !== "cause");
    if (Object.hasOwn(failure2, "cause")) keys.push("cause");
    this.uint(keys.length);
    for (const key of keys) {
      this.str(key);
      this.cloneable(failure2[key], depth + 1);
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
  /** @param {string[]} list */
  strs(list) {
    this.uint(list.length);
    for (let i = 0; i < list.length; i++) this.str(list[i]);
  }
  /** @param {any[]} values */
  values(values) {
    this.uint(values.length);
    for (let i = 0; i < values.length; i++) this.value(values[i]);
  }
};
function kindOf(v) {
  return Object.prototype.toString.call(v).slice(8, -1);
}
function uncloneable(v, kind) {
  if (typeof v === "symbol") return `${String(v)} could not be cloned.`;
  if (kind === "Blob" || kind === "File") return `a ${kind} cannot be passed to Go: pass its bytes, await blob.arrayBuffer(), or blob.stream()`;
  if (typeof v === "function") return `${String(v)} could not be cloned.`;
  return `Could not serialize object of type "${kind}". This type does not support serialization.`;
}
function thrownText(e) {
  try {
    return String(e);
  } catch {
    return "a value that has no text was thrown";
  }
}

// shim:shim/abi.mjs
var VERSION = 2;
var PENDING = -1;
var WRONG_FRAME = -2;
var INLINE_BODY = 65536;
var Op = Object.freeze({
  INIT: 1,
  MANIFEST: 2,
  LOG: 3,
  HOP: 4,
  DONE: 5,
  RESPOND: 6,
  END: 7,
  ENV: 8,
  PROPS: 9,
  READ: 10,
  CANCEL: 11,
  WRITE: 12,
  CLOSE: 13,
  ABORT: 14,
  FETCH: 15,
  RPC: 16,
  ID: 17,
  RESET: 18,
  RELEASE: 19,
  SQL_EXEC: 20,
  SQL_NEXT: 21,
  SQL_CLOSE: 22,
  SQL_SIZE: 23,
  DUP: 24,
  PASS_THROUGH: 25,
  ABANDON: 26,
  KV_GET: 30,
  KV_PUT: 31,
  KV_DELETE: 32,
  KV_LIST: 33,
  DELETE_ALL: 34,
  SYNC: 35,
  GET_ALARM: 36,
  SET_ALARM: 37,
  DELETE_ALARM: 38,
  SKV_GET: 40,
  SKV_PUT: 41,
  SKV_DELETE: 42,
  SKV_LIST: 43,
  TXN_SYNC: 44,
  SECTION: 45,
  ROLLBACK: 46,
  BOOKMARK: 47,
  RESTORE: 48,
  FACET: 49,
  D1: 50,
  QUEUE_SEND: 51,
  R2: 52,
  WORKERS_KV: 53,
  RATE_LIMIT: 54,
  DATA_POINT: 55,
  CACHE: 56,
  D1_SESSION: 57,
  SOCKET_PAIR: 60,
  SOCKET_ACCEPT: 61,
  SOCKET_SEND: 62,
  SOCKET_CLOSE: 63,
  SOCKET_RECEIVE: 64,
  SOCKET_LIST: 65,
  SOCKET_TAGS: 66,
  SOCKET_ATTACH: 67,
  SOCKET_ATTACHMENT: 68,
  SOCKET_AUTO_RESPONSE: 69,
  SOCKET_AUTO_TIME: 70,
  SOCKET_EVENT_TIMEOUT: 71,
  SOCKET_INFO: 72,
  SOCKET_BROADCAST: 73,
  TCP_CONNECT: 80,
  TCP_WAIT: 81,
  TCP_START_TLS: 82,
  TCP_CLOSE: 83
});
var Event = Object.freeze({ START: 1, COMPLETE: 2, WAKE: 3, DEAD: 4, DROP: 5, RELEASED: 6 });
var Start = Object.freeze({
  FETCH: 1,
  RPC: 2,
  CONSTRUCT: 3,
  ALARM: 4,
  SCHEDULED: 5,
  SECTION: 6,
  SOCKET_MESSAGE: 7,
  SOCKET_CLOSE: 8,
  SOCKET_ERROR: 9,
  CALL: 10,
  QUEUE: 11,
  ENTRYPOINT: 12
});
var Target = Object.freeze({ NETWORK: 0, SERVICE: 1, OBJECT: 2, HELD: 3, FACET: 4, EXPORT: 5 });

// shim:shim/timers.mjs
var KEEP_ALIVE = 2e3;
var FIRST_LOOK = 4;
var LAST_LOOK = 256;
var LATE = 250;
var Timers = class {
  constructor() {
    this.deadlines = /* @__PURE__ */ new Map();
    this.last = 0;
    this.cover = null;
  }
  /** @param {number} ms */
  schedule(ms) {
    this.deadlines.set(++this.last, Date.now() + ms);
    return this.last;
  }
  /** @param {number} id */
  clear(id) {
    this.deadlines.delete(id);
  }
  earliest() {
    let due = Infinity;
    for (const time of this.deadlines.values()) due = Math.min(due, time);
    return due;
  }
  /** Tells whether a frame other than this one can be trusted to wake Go at due. @param {import("./frame.mjs").Frame} frame @param {number} due @param {number} now */
  covered(frame, due, now) {
    const cover = this.cover?.deref();
    return cover !== void 0 && cover !== frame && !cover.over && !cover.deaf && cover.timerDue <= due && cover.timerDue > now - LATE;
  }
};
function arm(frame) {
  const { timers } = frame.instance;
  const due = timers.deadlines.size > 0 ? timers.earliest() : Infinity;
  if (frame.over) {
    frame.disarm();
    if (due < Infinity) delegate(frame, due);
    return;
  }
  if (due === Infinity && !frame.locked && (frame.pending > 0 || frame.idle)) return;
  const now = Date.now();
  if (frame.locked) {
    frame.look = Math.min(frame.look * 2 || FIRST_LOOK, LAST_LOOK);
    set(frame, Math.min(due, now + frame.look), now);
    return;
  }
  if (due < Infinity && !timers.covered(frame, due, now)) {
    timers.cover = frame.weak;
    set(frame, frame.idle ? due : Math.min(due, now + KEEP_ALIVE), now);
  } else if (!frame.timer && !frame.idle) {
    set(frame, now + KEEP_ALIVE, now);
  }
}
function delegate(frame, due) {
  const { instance } = frame;
  const now = Date.now();
  if (instance.timers.covered(frame, due, now)) return;
  const other = instance.liveFrame(frame);
  if (other) {
    instance.timers.cover = other.weak;
    other.timerDue = Math.min(other.timerDue, Math.max(due, now));
    other.ring();
    return;
  }
  const home = frame.object?.frame;
  if (!home || home.over) return;
  instance.timers.cover = home.weak;
  set(home, due, now);
}
function set(frame, due, now) {
  if (frame.timer) {
    if (frame.armedFor <= due) {
      frame.timerDue = frame.armedFor;
      return;
    }
    clearTimeout(frame.timer);
  }
  frame.timerDue = frame.armedFor = due;
  frame.timer = setTimeout(fire, Math.max(0, due - now), frame);
}
function fire(frame) {
  frame.timer = 0;
  frame.timerDue = frame.armedFor = Infinity;
  const { instance } = frame;
  if (instance.dead || frame.over) return;
  if (frame.wakeAsked) {
    frame.wakeAsked = false;
    enter(frame, wake);
  } else if (instance.timers.earliest() <= Date.now()) enter(frame);
  else arm(frame);
}
function wake(w) {
  w.u8(Event.WAKE);
}

// shim:shim/env.mjs
var kinds = {
  DurableObjectNamespace: "namespace",
  D1Database: "d1",
  Fetcher: "fetcher",
  ServiceStub: "fetcher",
  LoopbackServiceStub: "fetcher",
  KvNamespace: "kv",
  KVNamespace: "kv",
  R2Bucket: "r2",
  WorkerQueue: "queue",
  Queue: "queue",
  RateLimit: "ratelimit",
  Ratelimit: "ratelimit",
  AnalyticsEngine: "analytics",
  AnalyticsEngineDataset: "analytics",
  LocalAnalyticsEngineDataset: "analytics"
};
function kindByMethod(v) {
  if (typeof v.writeDataPoint === "function") return "analytics";
  return typeof v.limit === "function" ? "ratelimit" : "unknown";
}
function describe(v) {
  if (typeof v === "string") return { kind: "text", value: v };
  const name = Object.getPrototypeOf(Object(v))?.constructor?.name ?? "Object";
  if (v === null || typeof v !== "object" || name === "Object" || name === "Array") return { kind: "json", value: JSON.stringify(v) ?? "null" };
  return { kind: kinds[name] ?? kindByMethod(v), class: name };
}
var encoded = /* @__PURE__ */ new WeakMap();
var envOperations = {
  [Op.ENV](frame, r, w) {
    let bytes = encoded.get(frame.env);
    if (!bytes) {
      const own2 = new Writer();
      own2.value(Object.fromEntries(Object.keys(frame.env).map((name) => [name, describe(frame.env[name])])));
      bytes = own2.bytes().slice();
      encoded.set(frame.env, bytes);
    }
    w.raw(bytes);
  },
  [Op.PROPS](frame, r, w) {
    w.value(frame.ctx?.props ?? {});
  }
};
function binding(frame, name, what) {
  const found = frame.env?.[name];
  if (found === void 0 || typeof found !== "object") {
    throw new TypeError(`there is no ${what} binding named ${JSON.stringify(name)}: add it to the Wrangler configuration`);
  }
  return found;
}

// shim:shim/analytics.mjs
var analyticsOperations = {
  [Op.DATA_POINT](frame, r) {
    binding(frame, r.str(), "Analytics Engine").writeDataPoint(r.value());
  }
};

// shim:shim/namespace.mjs
var exported = "exports:";
function exportOf(frame, name) {
  const exports = frame.ctx?.exports;
  if (!exports) throw new TypeError("there is no ctx.exports: take the compatibility flag disable_ctx_exports out of the Wrangler configuration");
  const found = Object.hasOwn(exports, name) ? exports[name] : void 0;
  if (found === void 0) throw new TypeError(`the Worker exports nothing called ${JSON.stringify(name)}`);
  return found;
}
function unboundService(name) {
  if (name === "ASSETS") {
    return 'there is no assets binding "ASSETS": add to wrangler.toml:\n[assets]\ndirectory = "public"\nbinding = "ASSETS"\nor to wrangler.jsonc:\n"assets": { "directory": "public", "binding": "ASSETS" }';
  }
  const quoted = JSON.stringify(name);
  return `there is no service binding ${quoted}: add to wrangler.toml:
[[services]]
binding = ${quoted}
service = "its-worker"
or to wrangler.jsonc:
"services": [{ "binding": ${quoted}, "service": "its-worker" }]`;
}
function serviceOf(frame, name) {
  if (name.startsWith(exported)) return exportOf(frame, name.slice(exported.length));
  if (frame.env?.[name] === void 0) throw new TypeError(unboundService(name));
  return binding(frame, name, "service");
}
function namespaceOf(frame, name, jurisdiction) {
  let namespace;
  if (name.startsWith(exported)) {
    const className = name.slice(exported.length);
    namespace = exportOf(frame, className);
    if (typeof namespace.idFromName !== "function") {
      throw new TypeError(`class ${className} has no namespace: add it to new_sqlite_classes under [[migrations]] in the Wrangler configuration`);
    }
  } else {
    namespace = binding(frame, name, "Durable Object");
  }
  return jurisdiction ? namespace.jurisdiction(jurisdiction) : namespace;
}
function readStubOptions(r) {
  if (!r.bool()) return { jurisdiction: "", options: void 0 };
  const jurisdiction = r.str();
  const locationHint = r.str() || void 0;
  const routingMode = r.str() || void 0;
  const maxRetries = r.bool() ? r.f64() : void 0;
  const timeoutMs = r.bool() ? r.f64() : void 0;
  const retry = maxRetries === void 0 && timeoutMs === void 0 ? void 0 : { maxRetries, timeoutMs };
  return { jurisdiction, options: { locationHint, routingMode, retry } };
}

// shim:shim/facets.mjs
function facetsOf(frame) {
  if (!frame.object) throw new Error("facets belong to Durable Objects, and this is an event of the Worker");
  return frame.object.ctx.facets;
}
function readFacet(frame, r) {
  const name = r.str();
  const className = r.str();
  const id = r.optStr();
  const props = r.value();
  return facetsOf(frame).get(name, () => {
    const found = exportOf(frame, className);
    return { class: Object.keys(props ?? {}).length > 0 ? found({ props }) : found, id };
  });
}
var facetOperations = {
  [Op.FACET](frame, r) {
    const how = r.u8();
    const name = r.str();
    const text2 = r.str();
    const facets = facetsOf(frame);
    if (how === 0) facets.abort(name, new Error(text2));
    else if (how === 1) facets.delete(name);
    else if (how === 2) facets.clone(name, text2);
    else r.fail(`unknown operation ${how} on a facet`);
  }
};

// shim:shim/stubs.mjs
import { RpcTarget } from "cloudflare:workers";

// shim:shim/frame.mjs
var none = [];
var Scope = class {
  constructor() {
    this.sources = /* @__PURE__ */ new Map();
    this.sinks = /* @__PURE__ */ new Map();
    this.stubs = /* @__PURE__ */ new Map();
    this.held = /* @__PURE__ */ new Map();
    this.fetches = /* @__PURE__ */ new Map();
    this.sockets = null;
    this.probe = null;
  }
};
var collected = new FinalizationRegistry(({ instance, id }) => instance.deref()?.bury(id));
var Frame = class {
  /**
   * @param {import("./instance.mjs").Instance} instance
   * @param {import("./object.mjs").ObjectState | null} object null in the Worker
   * @param {any} ctx @param {any} env
   */
  constructor(instance, object, ctx, env) {
    this.instance = instance;
    this.id = instance.nextFrame++;
    this.object = object;
    this.ctx = ctx;
    this.env = env;
    this.ownScope = null;
    this.txn = /** @type {any} */
    null;
    this.idle = false;
    this.locked = false;
    this.rung = false;
    this.look = 0;
    this.done = false;
    this.failed = false;
    this.over = false;
    this.outcome = void 0;
    this.pending = 0;
    this.timer = /** @type {any} */
    0;
    this.armedFor = Infinity;
    this.timerDue = Infinity;
    this.wakeAsked = false;
    this.weak = null;
    this.resolve = null;
    this.reject = null;
    this.release = null;
    this.bell = null;
    this.cursors = null;
    this.refs = null;
    this.parameters = none;
  }
  get references() {
    return this.refs ??= new References(this);
  }
  /** Writes the arguments of a call that Go handles. @param {import("./abi.mjs").Writer} w @param {any[]} args */
  writeParameters(w, args) {
    const { references } = this;
    w.refs = references;
    references.begin();
    try {
      w.values(args);
    } catch (e) {
      references.undo(e);
      throw e;
    }
    this.parameters = references.taken();
  }
  /** Ends the stubs among the parameters: the runtime disposes of them now. */
  endParameters() {
    for (const number of this.parameters) this.scope.held.delete(number);
    this.parameters = none;
  }
  get scope() {
    return this.object ? this.object.scope : this.ownScope ??= new Scope();
  }
  get storage() {
    if (!this.object) throw new Error("storage belongs to Durable Objects, and this is an event of the Worker");
    return this.object.ctx.storage;
  }
  /** Whether this cannot be woken from outside now. */
  get deaf() {
    return this.locked || this.object !== null && this.object.sections > 0;
  }
  /**
   * Whether the input gate of its object keeps this frame out: a critical section or a storage operation of another frame. The
   * runtime holds back events and timers, but not the continuation of a promise: without this what a frame does after
   * its bell could become part of somebody else's transaction, or come between a read and the write that follows it.
   */
  get excluded() {
    const { object } = this;
    return object !== null && !this.locked && (object.sections > 0 || object.storing > 0) && !this.instance.dead;
  }
  /** The frame in which goroutines of this one go on. @returns {Frame | null} */
  heir() {
    if (!this.over) return this;
    const home = this.object?.frame ?? null;
    return home && !home.over ? home : null;
  }
  /** The frame that a js.Func made now belongs to. */
  callbackFrame() {
    return this.object?.frame && !this.object.frame.over ? this.object.frame : this;
  }
  /** @param {any} value */
  succeed(value) {
    if (this.done) return;
    this.done = true;
    this.outcome = value;
    this.resolve?.(value);
  }
  /** @param {any} error */
  fail(error) {
    if (this.done) return;
    this.done = this.failed = true;
    this.outcome = error;
    this.reject?.(error);
  }
  /** What the event came to: at once if that is known, otherwise a promise. */
  result() {
    if (this.done) {
      if (this.failed) throw this.outcome;
      return this.outcome;
    }
    const { promise, resolve, reject } = Promise.withResolvers();
    this.resolve = resolve;
    this.reject = reject;
    return promise;
  }
  /** Makes a frame that its first entry did not finish known, so that it can be entered again. */
  open() {
    const { instance } = this;
    this.weak = new WeakRef(this);
    instance.frames.set(this.id, this.weak);
    collected.register(this, { instance: instance.weak, id: this.id }, this);
    this.object?.frames.add(this);
    if (!this.object) {
      const { promise, resolve } = Promise.withResolvers();
      this.release = () => resolve(void 0);
      this.ctx?.waitUntil(promise);
    }
    this.listen();
  }
  /** Forgets a frame of which nothing is left. */
  close() {
    this.over = true;
    this.cursors = null;
    if (!this.weak) return;
    this.instance.frames.delete(this.id);
    collected.unregister(this);
    this.object?.frames.delete(this);
    this.release?.();
  }
  /** Waits for the bell in the frame's I/O context. */
  listen() {
    if (this.object || this.pending === 0) this.scope.probe ??= makeProbe();
    const { promise, resolve } = Promise.withResolvers();
    this.bell = resolve;
    promise.then(() => this.woken());
  }
  /** Has woken run in the frame's I/O context. */
  ring() {
    if (this.excluded) {
      this.rung = true;
      return;
    }
    const bell = this.bell;
    this.bell = null;
    bell?.(void 0);
  }
  woken() {
    const { instance } = this;
    if (!alive(this.scope.probe)) {
      if (!this.over) instance.bury(this.id);
      this.over = true;
      return;
    }
    if (instance.dead) {
      this.disarm();
      this.abandonStreams(instance.dead);
      return;
    }
    if (this.over) return;
    this.listen();
    if (this.excluded) {
      this.rung = true;
      return;
    }
    if (this.wakeAsked) {
      this.wakeAsked = false;
      enter(this, wake);
      return;
    }
    this.timerDue = this.armedFor;
    arm(this);
  }
  disarm() {
    if (this.timer) clearTimeout(this.timer);
    this.timer = 0;
    this.timerDue = this.armedFor = Infinity;
  }
  /** @param {Error} error */
  abandonStreams(error) {
    const scope = this.object ? this.object.scope : this.ownScope;
    if (!scope) return;
    for (const sink2 of scope.sinks.values()) sink2.abort(error);
    for (const source2 of scope.sources.values()) source2.cancel(error);
    scope.sinks.clear();
    scope.sources.clear();
    scope.sockets?.abandon();
  }
  /**
   * Ends an operation when its promise settles, with a COMPLETE event in this frame.
   * @param {number} id @param {PromiseLike<any>} promise @param {(w: import("./abi.mjs").Writer, v: any, frame: Frame) => void} encode
   * @param {boolean} gate whether other frames of the object are kept out until then
   */
  complete(id, promise, encode, gate = false) {
    this.pending++;
    const object = gate ? this.object : null;
    if (object) object.storing++;
    promise.then(
      (v) => this.completed(id, v, encode, object),
      (e) => this.completed(id, e, null, object)
    );
    return PENDING;
  }
  /** @param {number} id @param {any} v @param {null | ((w: import("./abi.mjs").Writer, v: any, frame: Frame) => void)} encode @param {import("./object.mjs").ObjectState | null} gated whose input gate it held closed */
  completed(id, v, encode, gated) {
    this.pending--;
    if (gated) gated.storing--;
    const frame = this.heir();
    if (frame && !frame.instance.dead) enter(frame, encode ? success : failure, id, v, encode, frame);
    gated?.admit();
  }
};
function success(w, id, v, encode, frame) {
  w.u8(Event.COMPLETE);
  w.uint(id);
  w.u8(0);
  frame.refs?.begin();
  try {
    encode(w, v, frame);
  } catch (e) {
    frame.refs?.undo(e);
    w.rewind();
    failure(w, id, e);
  }
}
function failure(w, id, e) {
  w.u8(Event.COMPLETE);
  w.uint(id);
  w.u8(1);
  w.error(e);
}
function nothing() {
}
function makeProbe() {
  return new WebSocketPair()[0];
}
function alive(probe) {
  try {
    return probe === null || probe.readyState >= 0;
  } catch {
    return false;
  }
}

// shim:shim/stubs.mjs
var collected2 = new FinalizationRegistry((stub) => stub.release());
var GuestStub = class {
  /** @param {Frame} frame @param {number} number */
  constructor(frame, number) {
    this.number = number;
    this.instance = frame.instance.weak;
    this.object = frame.object;
    this.event = frame.object ? null : { ctx: frame.ctx, env: frame.env, scope: frame.scope };
    this.released = false;
  }
  /** @param {string[]} path @param {any[]} args */
  call(path, args) {
    const instance = this.instance.deref();
    if (!instance || instance.dead) throw instance?.dead ?? new Error("the Go instance of this stub is gone");
    const { object, event } = this;
    const frame = new Frame(instance, object, object ? object.ctx : event?.ctx, object ? object.env : event?.env);
    if (event) frame.ownScope = event.scope;
    enter(frame, startCall, object ? object.number : 0, this.number, path, { args, frame });
    return frame.result();
  }
  release() {
    if (this.released) return;
    this.released = true;
    this.instance.deref()?.released(this.number);
  }
};
function startCall(w, object, number, path, { args, frame }) {
  w.u8(Event.START);
  w.u8(Start.CALL);
  w.uint(object);
  w.uint(number);
  w.strs(path);
  frame.writeParameters(w, args);
}
var classes = /* @__PURE__ */ new Map();
function targetClass(methods3) {
  const key = methods3.join("\0");
  let made = classes.get(key);
  if (made) return made;
  class GoTarget extends RpcTarget {
    /** @type {GuestStub} */
    #stub;
    /** @param {GuestStub} stub */
    constructor(stub) {
      super();
      this.#stub = stub;
    }
    /** @param {GoTarget} target @param {string} method @param {any[]} args */
    static call(target2, method, args) {
      return target2.#stub.call([method], args);
    }
    [Symbol.dispose]() {
      this.#stub.release();
    }
  }
  for (const method of methods3) {
    Object.defineProperty(GoTarget.prototype, method, {
      value: (
        /** @this {GoTarget} @param {any[]} args */
        function(...args) {
          return GoTarget.call(this, method, args);
        }
      ),
      configurable: true,
      writable: true
    });
  }
  classes.set(key, made = GoTarget);
  return made;
}
function guestStub(frame, number, kind, methods3) {
  const stub = new GuestStub(frame, number);
  let wrapper;
  if (kind === 1) {
    wrapper = new (targetClass(methods3))(stub);
  } else {
    wrapper = (...args) => stub.call([], args);
    wrapper[Symbol.dispose] = () => stub.release();
  }
  collected2.register(wrapper, stub);
  return wrapper;
}

// shim:shim/streams.mjs
var Source = class {
  /** @param {ReadableStream} stream */
  constructor(stream) {
    this.rest = new Uint8Array(0);
    this.bytes = true;
    try {
      this.reader = stream.getReader({ mode: "byob" });
    } catch {
      this.bytes = false;
      this.reader = stream.getReader();
    }
  }
  /** The next chunk. Without a buffer of ours the runtime's own streams come in pieces of 4 KB. @param {number} max */
  next(max) {
    if (!this.bytes) return (
      /** @type {ReadableStreamDefaultReader} */
      this.reader.read()
    );
    const size = Math.min(max, INLINE_BODY);
    const { buffer } = this.rest;
    return (
      /** @type {ReadableStreamBYOBReader} */
      this.reader.read(new Uint8Array(buffer.byteLength >= size ? buffer : new ArrayBuffer(size), 0, size))
    );
  }
  /** @param {number} max @returns {Promise<{done: boolean, bytes: Uint8Array}>} */
  async read(max) {
    while (this.rest.length === 0) {
      const { done, value } = await this.next(max);
      if (done) return { done: true, bytes: new Uint8Array(0) };
      this.rest = typeof value === "string" ? new TextEncoder().encode(value) : value;
    }
    return this.take(max);
  }
  /** @param {number} max */
  take(max) {
    const bytes = this.rest.subarray(0, max);
    this.rest = this.rest.subarray(bytes.length);
    return { done: false, bytes };
  }
  /** @param {unknown} reason */
  cancel(reason) {
    this.reader.cancel(reason).catch(() => {
    });
  }
};
var Sink = class {
  /** @param {WritableStream} stream */
  constructor(stream) {
    this.writer = stream.getWriter();
    this.writer.closed.catch(() => {
    });
  }
  /** @param {unknown} error */
  abort(error) {
    this.writer.abort(error).catch(() => {
    });
  }
};
function openSource(frame, stream) {
  const number = frame.instance.nextStream++;
  frame.scope.sources.set(number, new Source(stream));
  return number;
}
function openSink(frame, number, length, refused) {
  const { readable, writable } = length >= 0 ? new FixedLengthStream(length) : new IdentityTransformStream();
  frame.scope.sinks.set(number, new Sink(writable));
  if (!refused) return readable;
  readable.cancel(new Error("this response has no body")).catch(() => {
  });
  return null;
}
function source(frame, number) {
  const found = frame.scope.sources.get(number);
  if (!found) throw new Error("the body was read to its end or closed before");
  return found;
}
function sink(frame, number) {
  const found = frame.scope.sinks.get(number);
  if (!found) throw new Error("the body was closed before");
  return found;
}
function writeChunk(w, { done, bytes }) {
  w.bool(done);
  w.blob(bytes);
}
var streamOperations = {
  [Op.READ](frame, r, w, id) {
    const number = r.uint();
    const max = Math.max(1, r.uint());
    const from = source(frame, number);
    if (from.rest.length > 0) return writeChunk(w, from.take(max));
    const { sources } = frame.scope;
    return frame.complete(id, from.read(max), (w2, chunk) => {
      if (chunk.done) sources.delete(number);
      writeChunk(w2, chunk);
    });
  },
  [Op.CANCEL](frame, r) {
    const number = r.uint();
    const found = frame.scope.sources.get(number);
    frame.scope.sources.delete(number);
    found?.cancel(r.error());
  },
  [Op.WRITE](frame, r, w, id) {
    const to = sink(frame, r.uint());
    const bytes = r.blob();
    if (bytes.length === 0) return;
    return frame.complete(id, to.writer.write(bytes), nothing);
  },
  [Op.CLOSE](frame, r) {
    const number = r.uint();
    const to = sink(frame, number);
    frame.scope.sinks.delete(number);
    to.writer.close().catch(() => {
    });
  },
  [Op.ABORT](frame, r) {
    const number = r.uint();
    const to = sink(frame, number);
    frame.scope.sinks.delete(number);
    to.abort(r.error());
  }
};

// shim:shim/references.mjs
var Held = class {
  /** @param {any} value */
  constructor(value) {
    this.value = value;
    this.result = void 0;
    this.failed = null;
  }
  release() {
    dispose(this.result);
    dispose(this.value);
  }
};
function dispose(v) {
  try {
    v?.[Symbol.dispose]?.();
  } catch {
  }
}
function held(frame, number) {
  const found = frame.scope.held.get(number);
  if (!found) throw new Error("RPC stub used after being disposed.");
  if (found.failed) throw found.failed.error;
  return found.value;
}
var References = class {
  /** @param {import("./frame.mjs").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.numbers = [];
    this.reads = [];
    this.writes = [];
  }
  /** Begins a message. */
  begin() {
    this.numbers = [];
    this.reads = [];
    this.writes = [];
  }
  /** Gives up what a message passes that could not be written to its end. @param {unknown} reason */
  undo(reason) {
    const { held: held2, sources, sinks } = this.frame.scope;
    for (const number of this.numbers) {
      held2.get(number)?.release();
      held2.delete(number);
    }
    for (const number of this.reads) {
      sources.get(number)?.cancel(reason);
      sources.delete(number);
    }
    for (const number of this.writes) {
      sinks.get(number)?.abort(reason);
      sinks.delete(number);
    }
    this.begin();
  }
  /**
   * Writes what is no data, and tells whether it could.
   * @param {import("./abi.mjs").Writer} w @param {any} v @param {string} kind what Object.prototype.toString calls it
   */
  write(w, v, kind) {
    switch (kind) {
      case "ReadableStream":
        w.u8(Tag.READABLE);
        w.uint(this.source(v));
        return true;
      case "WritableStream": {
        const number2 = this.frame.instance.nextSender++;
        this.frame.scope.sinks.set(number2, new Sink(v));
        this.writes.push(number2);
        w.u8(Tag.WRITABLE);
        w.uint(number2);
        return true;
      }
      case "Request":
        w.u8(Tag.REQUEST);
        writeRequest(w, v, void 0, this.frame);
        return true;
      case "Response":
        w.u8(Tag.RESPONSE);
        writeResponse(w, { response: v, small: void 0 }, this.frame);
        return true;
      case "Headers":
        w.u8(Tag.HEADERS);
        writeHeaders(w, v);
        return true;
    }
    if (!isStub(v, kind)) return false;
    const number = this.hold(v);
    w.u8(Tag.STUB);
    w.u8(0);
    w.uint(number);
    return true;
  }
  /** @param {ReadableStream} stream */
  source(stream) {
    const number = openSource(this.frame, stream);
    this.reads.push(number);
    return number;
  }
  /** @param {any} v */
  hold(v) {
    const number = this.frame.instance.nextHeld++;
    this.frame.scope.held.set(number, new Held(v));
    this.numbers.push(number);
    return number;
  }
  /** The numbers given out since the last call of this. */
  taken() {
    const { numbers } = this;
    if (numbers.length > 0) this.numbers = [];
    return numbers;
  }
  /** @param {import("./abi.mjs").Reader} r @param {number} tag */
  read(r, tag) {
    const { frame } = this;
    switch (tag) {
      case Tag.STUB:
        if (r.u8() === 0) return held(frame, r.uint());
        return guestStub(frame, r.uint(), r.u8(), r.strs());
      case Tag.READABLE:
        return openSink(frame, r.uint(), -1, false);
      case Tag.WRITABLE: {
        const { readable, writable } = new IdentityTransformStream();
        frame.scope.sources.set(r.uint(), new Source(readable));
        return writable;
      }
      case Tag.REQUEST: {
        const { url, init } = readRequest(frame, r);
        return new Request(
          url,
          /** @type {any} */
          init
        );
      }
      case Tag.RESPONSE:
        return readResponse(frame, r);
      case Tag.HEADERS:
        return new Headers(readHeaders(r));
      default:
        r.fail(`unknown value tag ${tag}`);
    }
  }
};
var stubKinds = /* @__PURE__ */ new Set(["RpcStub", "RpcPromise", "RpcProperty", "JsRpcStub", "JsRpcPromise", "JsRpcProperty", "Fetcher", "ServiceStub", "LoopbackServiceStub"]);
function isStub(v, kind) {
  return stubKinds.has(kind) || typeof v === "function";
}

// shim:shim/rpc.mjs
var KEPT_STUBS = 1e3;
function readStub(frame, r) {
  const name = r.str();
  const named = r.bool();
  const ref = r.str();
  const serial = r.uint();
  const { jurisdiction, options: options2 } = readStubOptions(r);
  const { stubs } = frame.scope;
  let stub = stubs.get(serial);
  if (!stub) {
    const namespace = namespaceOf(frame, name, jurisdiction);
    stub = named ? namespace.getByName(ref, options2) : namespace.get(namespace.idFromString(ref), options2);
    if (stubs.size >= KEPT_STUBS) stubs.delete(
      /** @type {number} */
      stubs.keys().next().value
    );
    stubs.set(serial, stub);
  }
  return stub;
}
function readTarget(frame, r) {
  const kind = r.u8();
  switch (kind) {
    case Target.NETWORK:
      return null;
    case Target.SERVICE:
      return serviceOf(frame, r.str());
    case Target.OBJECT:
      return readStub(frame, r);
    case Target.HELD:
      return held(frame, r.uint());
    case Target.FACET:
      return readFacet(frame, r);
    case Target.EXPORT:
      return exportOf(frame, r.str())({ props: r.value() });
    default:
      r.fail(`unknown kind of target ${kind}`);
  }
}
function perform(target2, path, mode, args) {
  const last2 = path.length - 1;
  if (last2 < 0) return mode === 0 ? target2(...args) : Promise.resolve(target2);
  for (let i = 0; i < last2; i++) target2 = target2[path[i]];
  return mode === 0 ? target2[path[last2]](...args) : target2[path[last2]];
}
function writeResult(w, v, frame) {
  writeReferences(w, v, frame);
  if (typeof v === "object" && v !== null) letGo(frame, v);
}
function writeReferences(w, v, frame) {
  w.refs = frame.references;
  w.value(v);
}
function letGo(frame, result) {
  if (!result[Symbol.dispose]) return;
  for (const number of frame.references.taken()) {
    const stub = (
      /** @type {import("./references.mjs").Held} */
      frame.scope.held.get(number)
    );
    if (stub.value === result) return;
    if (stub.value.dup) stub.value = stub.value.dup();
  }
  dispose(result);
}
var rpcOperations = {
  [Op.RPC](frame, r, w, id) {
    const target2 = readTarget(frame, r);
    const path = r.strs();
    const mode = r.u8();
    const keep2 = r.uint();
    r.refs = frame.references;
    const args = r.values();
    if (keep2 === 0) return frame.complete(id, perform(target2, path, mode, args), writeResult);
    const promise = new Held(void 0);
    frame.scope.held.set(keep2, promise);
    try {
      promise.value = perform(target2, path, mode, args);
    } catch (error) {
      promise.failed = { error };
      throw error;
    }
    return frame.complete(id, promise.value, (w2, v, frame2) => {
      writeReferences(w2, v, frame2);
      promise.result = v;
    });
  },
  [Op.DUP](frame, r, w) {
    const stub = held(frame, r.uint()).dup();
    w.uint(frame.references.hold(stub));
  },
  [Op.RELEASE](frame, r) {
    const { held: held2 } = frame.scope;
    for (let n = r.count(); n > 0; n--) {
      const number = r.uint();
      const found = held2.get(number);
      held2.delete(number);
      found?.release();
    }
  },
  [Op.ID](frame, r, w) {
    const name = r.str();
    const how = r.u8();
    const text2 = r.str();
    const namespace = namespaceOf(frame, name, r.str());
    if (how > 2) r.fail(`unknown way ${how} to make an id`);
    const make = [() => namespace.idFromName(text2), () => namespace.idFromString(text2), () => namespace.newUniqueId()];
    w.str(make[how]().toString());
  }
};

// shim:shim/sockets.mjs
var text = 0;
var binary = 1;
var closed = 2;
var failed = 3;
var acceptHalfOpen = 1;
var acceptHibernates = 2;
var get = 0;
var set2 = 1;
var collected3 = new FinalizationRegistry(({ table: table2, number }) => table2.deref()?.numbered.delete(number));
var Socket = class {
  /** @param {number} number @param {WebSocket} ws */
  constructor(number, ws) {
    this.number = number;
    this.held = ws;
    this.listens = false;
    this.ended = false;
    this.queue = [];
    this.waiting = [];
  }
  get ws() {
    const ws = this.held instanceof WeakRef ? this.held.deref() : this.held;
    if (!ws) throw new TypeError("the WebSocket is closed, and was forgotten");
    return ws;
  }
  /** Queues what the socket receives from now on. */
  listen() {
    if (this.listens) return;
    this.listens = true;
    const { ws } = this;
    ws.binaryType = "arraybuffer";
    ws.addEventListener("message", ({ data }) => this.receive(messageEvent(data)));
    ws.addEventListener("close", ({ code, reason, wasClean }) => this.receive({ kind: closed, code, reason, wasClean }));
    ws.addEventListener("error", (e) => this.receive({ kind: failed, error: e.error ?? new Error(e.message || "WebSocket error") }));
  }
  /** @param {SocketEvent} e */
  receive(e) {
    if (this.ended) return;
    this.ended = e.kind >= closed;
    const next = this.waiting.shift();
    if (next) next(e);
    else this.queue.push(e);
  }
};
var Sockets = class {
  constructor() {
    this.numbered = /* @__PURE__ */ new Map();
    this.known = /* @__PURE__ */ new WeakMap();
    this.weak = new WeakRef(this);
  }
  /** @param {number} number */
  find(number) {
    const socket = this.numbered.get(number);
    if (!socket) throw new TypeError("the WebSocket belongs to another object or event, or was given away with a response");
    return socket;
  }
  /** Leaves the socket to the collector: it has ended, or was given away. @param {Socket} socket */
  release(socket) {
    if (socket.held instanceof WeakRef) return;
    collected3.register(socket.held, { table: this.weak, number: socket.number });
    socket.held = new WeakRef(socket.held);
  }
  /** Closes what nobody will receive from any more. */
  abandon() {
    for (const socket of this.numbered.values()) {
      if (!socket.listens || socket.ended) continue;
      try {
        socket.ws.close(1011, "the Go instance has ended");
      } catch {
      }
    }
    this.numbered.clear();
  }
};
function messageEvent(data) {
  return typeof data === "string" ? { kind: text, data } : { kind: binary, data };
}
function table(frame) {
  return frame.scope.sockets ??= new Sockets();
}
function socketNumber(frame, ws) {
  const sockets = table(frame);
  let socket = sockets.known.get(ws);
  if (!socket) {
    socket = new Socket(frame.instance.nextSocket++, ws);
    sockets.numbered.set(socket.number, socket);
    sockets.known.set(ws, socket);
  }
  return socket.number;
}
function giveSocket(frame, number) {
  const sockets = table(frame);
  const socket = sockets.find(number);
  const { ws } = socket;
  sockets.release(socket);
  return ws;
}
function socketOf(frame, r) {
  return table(frame).find(r.uint());
}
function context(frame) {
  if (!frame.object) throw new Error("hibernating WebSockets belong to Durable Objects, and this is an event of the Worker");
  return frame.object.ctx;
}
function writeEvent(w, e) {
  w.u8(e.kind);
  switch (e.kind) {
    case text:
      return w.str(e.data);
    case binary:
      return w.blob(new Uint8Array(e.data));
    case closed:
      w.uint(e.code ?? 1005);
      w.str(e.reason ?? "");
      return w.bool(e.wasClean ?? false);
    default:
      w.error(e.error);
  }
}
function startSocket(w, object, ws, e, frame) {
  w.u8(Event.START);
  w.u8(Start.SOCKET_MESSAGE + Math.max(0, e.kind - binary));
  w.uint(object);
  w.uint(socketNumber(frame, ws));
  writeEvent(w, e);
}
var socketHandlers = {
  webSocketMessage: (object, ws, message) => object.start(startSocket, ws, messageEvent(message)),
  webSocketClose: (object, ws, code, reason, wasClean) => last(object, ws, { kind: closed, code, reason, wasClean }),
  webSocketError: (object, ws, error) => last(object, ws, { kind: failed, error })
};
async function last(object, ws, e) {
  try {
    await object.start(startSocket, ws, e);
  } finally {
    const sockets = object.scope.sockets;
    const socket = sockets?.known.get(ws);
    if (sockets && socket) sockets.release(socket);
  }
}
var each = {
  [Op.SOCKET_PAIR](frame, r, w) {
    const pair = new WebSocketPair();
    w.uint(socketNumber(frame, pair[0]));
    w.uint(socketNumber(frame, pair[1]));
  },
  [Op.SOCKET_ACCEPT](frame, r) {
    const socket = socketOf(frame, r);
    const how = r.u8();
    const tags = r.strs();
    if (how === acceptHibernates) return context(frame).acceptWebSocket(socket.ws, tags);
    if (how > acceptHibernates) r.fail(`unknown way ${how} to accept a WebSocket`);
    socket.ws.accept({ allowHalfOpen: how === acceptHalfOpen });
    socket.listen();
  },
  [Op.SOCKET_SEND](frame, r) {
    const { ws } = socketOf(frame, r);
    const kind = r.u8();
    if (kind > binary) r.fail(`unknown kind of message ${kind}`);
    ws.send(kind === text ? r.str() : r.blob());
  },
  [Op.SOCKET_CLOSE](frame, r) {
    const { ws } = socketOf(frame, r);
    const code = r.bool() ? r.f64() : void 0;
    ws.close(code, r.optStr());
  },
  [Op.SOCKET_RECEIVE](frame, r, w, id) {
    const socket = socketOf(frame, r);
    const e = socket.queue.shift();
    if (e) {
      if (e.kind >= closed) table(frame).release(socket);
      return writeEvent(w, e);
    }
    if (!socket.listens) throw new TypeError("the WebSocket is not received from: it was not accepted, or it hibernates");
    if (socket.ended) throw new TypeError("the WebSocket has ended");
    const { promise, resolve } = (
      /** @type {PromiseWithResolvers<SocketEvent>} */
      Promise.withResolvers()
    );
    socket.waiting.push(resolve);
    return frame.complete(id, promise, (w2, e2, frame2) => {
      if (e2.kind >= closed) frame2.scope.sockets?.release(socket);
      writeEvent(w2, e2);
    });
  },
  [Op.SOCKET_ATTACH](frame, r) {
    const { ws } = socketOf(frame, r);
    ws.serializeAttachment(r.value());
  },
  [Op.SOCKET_ATTACHMENT](frame, r, w) {
    w.value(socketOf(frame, r).ws.deserializeAttachment());
  },
  [Op.SOCKET_INFO](frame, r, w) {
    const { ws } = socketOf(frame, r);
    w.u8(ws.readyState);
    w.optStr(ws.url ?? void 0);
    w.optStr(ws.protocol ?? void 0);
    w.optStr(ws.extensions ?? void 0);
  }
};
var ofObject = {
  [Op.SOCKET_LIST](frame, r, w) {
    const list = context(frame).getWebSockets(r.optStr());
    w.uint(list.length);
    for (const ws of list) w.uint(socketNumber(frame, ws));
  },
  [Op.SOCKET_TAGS](frame, r, w) {
    const tags = context(frame).getTags(socketOf(frame, r).ws);
    w.uint(tags.length);
    for (const tag of tags) w.str(tag);
  },
  [Op.SOCKET_AUTO_RESPONSE](frame, r, w) {
    const ctx = context(frame);
    const how = r.u8();
    if (how === set2) ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(r.str(), r.str()));
    else if (how !== get) ctx.setWebSocketAutoResponse();
    const pair = ctx.getWebSocketAutoResponse();
    w.bool(pair !== null);
    if (!pair) return;
    w.str(pair.request);
    w.str(pair.response);
  },
  [Op.SOCKET_AUTO_TIME](frame, r, w) {
    const time = context(frame).getWebSocketAutoResponseTimestamp(socketOf(frame, r).ws);
    w.bool(time !== null);
    if (time) w.f64(time.getTime());
  },
  [Op.SOCKET_EVENT_TIMEOUT](frame, r, w) {
    const ctx = context(frame);
    const how = r.u8();
    const ms = r.f64();
    if (how !== get) ctx.setHibernatableWebSocketEventTimeout(how === set2 ? ms : void 0);
    const timeout = ctx.getHibernatableWebSocketEventTimeout();
    w.bool(timeout !== null);
    if (timeout !== null) w.f64(timeout);
  },
  [Op.SOCKET_BROADCAST](frame, r, w) {
    const list = context(frame).getWebSockets(r.optStr());
    const kind = r.u8();
    if (kind > binary) r.fail(`unknown kind of message ${kind}`);
    const message = kind === text ? r.str() : r.blob();
    let sent = 0;
    for (const ws of list) {
      if (ws.readyState !== WebSocket.READY_STATE_OPEN) continue;
      ws.send(message);
      sent++;
    }
    w.uint(sent);
  }
};
var socketOperations = { ...each, ...ofObject };

// shim:shim/http.mjs
var bodyNone = 0;
var bodyInline = 1;
var bodyStream = 2;
var redirects = (
  /** @type {const} */
  ["follow", "manual", "error"]
);
var nullBodyStatus = /* @__PURE__ */ new Set([101, 204, 205, 304]);
function knownLength(message) {
  const header = message.headers.get("content-length");
  if (header === null || !/^[0-9]{1,15}$/.test(header) || message.headers.has("content-encoding")) return -1;
  return Number(header);
}
function smallBody(message) {
  if (!message.body) return null;
  const length = knownLength(message);
  if (length < 0 || length > INLINE_BODY) return void 0;
  return message.arrayBuffer().then((b) => new Uint8Array(b));
}
function writeHeaders(w, headers) {
  const hole = w.hole();
  let n = 0;
  headers.forEach((value, name) => {
    w.str(name);
    w.str(value);
    n++;
  });
  w.fill(hole, n);
}
function writeBody(w, message, small, frame, length = knownLength(message)) {
  if (small === null || !small && !message?.body) return w.u8(bodyNone);
  if (small) {
    w.u8(bodyInline);
    return w.blob(small);
  }
  w.u8(bodyStream);
  w.uint(frame.references.source(message.body));
  w.f64(length);
}
function startFetch(w, object, request, small, frame) {
  w.u8(Event.START);
  w.u8(Start.FETCH);
  w.uint(object);
  writeRequest(w, request, small, frame);
}
function writeRequest(w, request, small, frame) {
  w.str(request.method);
  w.str(request.url);
  writeHeaders(w, request.headers);
  writeBody(w, request, small, frame);
  w.str(request.cf ? JSON.stringify(request.cf) : "");
}
function answerFetch(target2, request) {
  const small = smallBody(request);
  if (small) return small.then((bytes) => target2.start(startFetch, request, bytes));
  return target2.start(startFetch, request, small);
}
function readHeaders(r) {
  const headers = [];
  for (let n = r.count(); n > 0; n--) headers.push([r.str(), r.str()]);
  return headers;
}
function readBody(frame, r, refused = false) {
  const mode = r.u8();
  if (mode === bodyNone) return null;
  if (mode === bodyInline) {
    const bytes = r.blob();
    return refused ? null : bytes;
  }
  if (mode !== bodyStream) r.fail(`unknown body mode ${mode}`);
  const number = r.uint();
  const length = r.f64();
  return openSink(frame, number, length, refused);
}
function readResponse(frame, r) {
  const status = r.uint();
  const statusText = r.str();
  const headers = readHeaders(r);
  const body = readBody(frame, r, nullBodyStatus.has(status));
  const socket = r.uint();
  if (socket) return new Response(null, { status, statusText, headers, webSocket: giveSocket(frame, socket) });
  const encodeBody = headers.some(([name]) => name.toLowerCase() === "content-encoding") ? "manual" : void 0;
  return new Response(
    body,
    /** @type {any} */
    { status, statusText, headers, encodeBody }
  );
}
function readRequest(frame, r) {
  const method = r.str();
  const url = r.str();
  const headers = readHeaders(r);
  const body = readBody(frame, r) ?? void 0;
  const cf = r.str();
  return { url, init: { method, headers, body, cf: cf ? JSON.parse(cf) : void 0 } };
}
async function received(promise) {
  const response = await promise;
  return { response, small: await smallBody(response) };
}
function writeResponse(w, { response, small }, frame) {
  w.uint(response.status);
  w.str(response.statusText);
  writeHeaders(w, response.headers);
  writeBody(w, response, small, frame);
  w.uint(response.webSocket ? socketNumber(frame, response.webSocket) : 0);
}
var httpOperations = {
  ...streamOperations,
  [Op.RESPOND](frame, r) {
    const end = r.bool();
    frame.succeed(readResponse(frame, r));
    if (end) frame.over = true;
  },
  [Op.FETCH](frame, r, w, id) {
    const target2 = readTarget(frame, r);
    const { url, init } = readRequest(frame, r);
    const redirect = redirects[r.u8()];
    const options2 = (
      /** @type {any} */
      { ...init, redirect }
    );
    if (target2) return frame.complete(id, received(target2.fetch(url, options2)), writeResponse);
    const { fetches } = frame.scope;
    const controller = new AbortController();
    fetches.set(id, controller);
    const response = received(fetch(url, { ...options2, signal: controller.signal }));
    return frame.complete(id, response.finally(() => fetches.delete(id)), writeResponse);
  },
  [Op.ABANDON](frame, r) {
    frame.scope.fetches.get(r.uint())?.abort();
  }
};

// shim:shim/cache.mjs
var MATCH = 0;
var PUT = 1;
var opened = async (name) => name === "" ? caches.default : caches.open(name);
async function put(cache, request, response) {
  try {
    await cache.put(request, response);
  } finally {
    if (response.body && !response.bodyUsed) response.body.cancel().catch(() => {
    });
  }
}
async function match(cache, request, options2) {
  const response = await cache.match(request, options2);
  return response ? received(response) : null;
}
var cacheOperations = {
  [Op.CACHE](frame, r, w, id) {
    const cache = opened(r.str());
    const what = r.u8();
    const options2 = { ignoreMethod: r.bool() };
    const { url, init } = readRequest(frame, r);
    const response = what === PUT ? readResponse(frame, r) : void 0;
    const request = cache.then(() => new Request(
      url,
      /** @type {any} */
      init
    ));
    if (response) return frame.complete(id, request.then(async (q) => put(await cache, q, response)), () => {
    });
    if (what === MATCH) {
      return frame.complete(id, request.then(async (q) => match(await cache, q, options2)), (w2, found, frame2) => {
        w2.bool(found !== null);
        if (found) writeResponse(w2, found, frame2);
      });
    }
    return frame.complete(id, request.then(async (q) => (await cache).delete(q, options2)), (w2, had) => w2.bool(had));
  }
};

// shim:shim/d1.mjs
function prepare(db, { sql, values }) {
  const statement = db.prepare(sql);
  return values.length > 0 ? statement.bind(...values) : statement;
}
var modes = [
  async (db, statements) => [keyed(await prepare(db, statements[0]).run())],
  async (db, statements) => {
    const [columns, ...rows] = await prepare(db, statements[0]).raw({ columnNames: true });
    return [{ columns: columns ?? [], rows, meta: null }];
  },
  async (db, statements) => (await db.batch(statements.map((s) => prepare(db, s)))).map(keyed),
  async (db, statements) => {
    const { count, duration } = await db.exec(statements[0].sql);
    return [{ columns: [], rows: [], meta: { count, duration } }];
  }
];
function keyed(result) {
  const objects = result.results ?? [];
  const columns = objects.length > 0 ? Object.keys(objects[0]) : [];
  return { columns, rows: objects.map((o) => columns.map((c) => o[c])), meta: result.meta ?? null };
}
function column(v) {
  if (v === void 0) return null;
  if (Array.isArray(v)) return Uint8Array.from(v);
  return v instanceof ArrayBuffer ? new Uint8Array(v) : v;
}
function writeResults(w, results) {
  w.uint(results.length);
  for (const { columns, rows, meta } of results) {
    w.uint(columns.length);
    for (const name of columns) w.str(String(name));
    w.uint(rows.length);
    for (const row of rows) {
      w.uint(row.length);
      for (const v of row) w.value(column(v));
    }
    w.value(meta);
  }
}
function run(r, db) {
  const mode = r.u8();
  const statements = [];
  for (let n = r.count(); n > 0; n--) statements.push({ sql: r.str(), values: r.values() });
  if (mode >= modes.length) r.fail(`unknown D1 mode ${mode}`);
  if (statements.length === 0 && mode !== 2) r.fail("D1 needs a statement");
  return modes[mode](db, statements);
}
var d1Operations = {
  [Op.D1](frame, r, w, id) {
    return frame.complete(id, run(r, binding(frame, r.str(), "D1")), writeResults);
  },
  [Op.D1_SESSION](frame, r, w, id) {
    const db = binding(frame, r.str(), "D1");
    const session = db.withSession(r.str());
    return frame.complete(id, run(r, session), (w2, results) => {
      w2.str(session.getBookmark() ?? "");
      writeResults(w2, results);
    });
  }
};

// shim:shim/kv.mjs
var written = (metadata) => metadata === null || metadata === void 0 ? null : JSON.stringify(metadata);
var index = /^(0|[1-9][0-9]{0,9})$/;
var methods = {
  async get(kv, [key, options2, stream]) {
    const { value, metadata } = await kv.getWithMetadata(key, { ...options2, type: stream ? "stream" : "arrayBuffer" });
    if (value === null) return { result: null, small: null };
    const result = { metadata: written(metadata) };
    return stream ? { result, value, small: void 0 } : { result, small: new Uint8Array(value) };
  },
  async getMany(kv, [keys, options2]) {
    const result = [];
    const found = await kv.getWithMetadata(keys, options2);
    for (const key of keys) {
      if (index.test(key) && !found.has(key)) found.set(key, await kv.getWithMetadata(key, options2));
    }
    for (const [key, entry] of found) {
      if (entry) result.push({ key, value: entry.value, metadata: written(entry.metadata) });
    }
    return { result, small: null };
  },
  async put(kv, [key, { metadata, ...options2 }], body) {
    if (metadata !== void 0) options2.metadata = JSON.parse(metadata);
    await kv.put(key, body, options2);
    return { result: null, small: null };
  },
  async delete(kv, [key]) {
    await kv.delete(key);
    return { result: null, small: null };
  },
  async list(kv, [options2]) {
    const { keys, list_complete: complete, cursor } = await kv.list(options2);
    const described2 = keys.map((k) => ({ name: k.name, expiration: k.expiration ?? null, metadata: written(k.metadata) }));
    return { result: { keys: described2, complete, cursor: cursor ?? null }, small: null };
  }
};
var kvOperations = {
  [Op.WORKERS_KV](frame, r, w, id) {
    const kv = binding(frame, r.str(), "KV");
    const name = r.str();
    const args = r.values();
    const body = readBody(frame, r);
    if (!Object.hasOwn(methods, name)) r.fail(`unknown method of KV ${name}`);
    return frame.complete(id, methods[name](kv, args, body), (w2, { result, value, small }, frame2) => {
      w2.value(result);
      writeBody(w2, { body: value }, small, frame2, -1);
    });
  }
};

// shim:shim/queues.mjs
var contentTypes = ["json", "text", "bytes", "v8"];
var queueOperations = {
  [Op.QUEUE_SEND](frame, r, w, id) {
    const queue = binding(frame, r.str(), "queue");
    const messages = [];
    for (let n = r.count(); n > 0; n--) {
      const contentType = contentTypes[r.u8()] ?? r.fail("unknown content type of a message");
      const body2 = r.value();
      messages.push({ contentType, body: body2, delaySeconds: r.bool() ? r.f64() : void 0 });
    }
    const delaySeconds = r.bool() ? r.f64() : void 0;
    const [{ body, ...options2 }] = messages;
    const sent = messages.length === 1 ? queue.send(body, options2) : queue.sendBatch(messages, { delaySeconds });
    return frame.complete(id, sent, nothing);
  }
};
function startQueue(w, object, batch) {
  w.u8(Event.START);
  w.u8(Start.QUEUE);
  w.uint(object);
  w.str(batch.queue);
  w.uint(batch.messages.length);
  for (const { id, timestamp, attempts, body } of batch.messages) {
    w.str(id);
    w.f64(Number(timestamp));
    w.uint(attempts ?? 1);
    w.value(body);
  }
}
var ACKNOWLEDGED = 1;
var RETRIED = 2;
function retryOptions(delay) {
  return delay === null ? void 0 : { delaySeconds: delay };
}
async function consume(target2, batch) {
  const outcome = await target2.start(startQueue, batch, null);
  const messages = new Map(batch.messages.map((m) => [m.id, m]));
  for (const id of outcome.ack) messages.get(id)?.ack();
  for (const [id, delay] of outcome.retry) messages.get(id)?.retry(retryOptions(delay));
  if (outcome.all === ACKNOWLEDGED) batch.ackAll();
  if (outcome.all === RETRIED) batch.retryAll(retryOptions(outcome.delay));
}

// shim:shim/r2.mjs
function optionsOf(options2) {
  for (const name of ["onlyIf", "range"]) if (Array.isArray(options2?.[name])) options2[name] = new Headers(options2[name]);
  return options2 ?? void 0;
}
var methods2 = {
  head: (bucket, [key]) => bucket.head(key),
  get: (bucket, [key, options2]) => bucket.get(key, optionsOf(options2)),
  put: (bucket, [key, options2], body) => bucket.put(key, body, optionsOf(options2)),
  delete: (bucket, [keys]) => bucket.delete(keys),
  list: (bucket, [options2]) => bucket.list(options2 ?? void 0),
  createMultipartUpload: (bucket, [key, options2]) => bucket.createMultipartUpload(key, options2 ?? void 0),
  uploadPart: (bucket, [key, upload, number], body) => bucket.resumeMultipartUpload(key, upload).uploadPart(number, body),
  complete: (bucket, [key, upload, parts]) => bucket.resumeMultipartUpload(key, upload).complete(parts),
  abort: (bucket, [key, upload]) => bucket.resumeMultipartUpload(key, upload).abort()
};
function described(o) {
  if (o === null || o === void 0 || Array.isArray(o)) return o ?? null;
  if (Array.isArray(o.objects)) {
    const { objects, truncated, cursor, delimitedPrefixes } = o;
    return { objects: objects.map(described), truncated, cursor: cursor ?? null, delimitedPrefixes };
  }
  if (typeof o.uploadId === "string") return { key: o.key, uploadId: o.uploadId };
  if (o.partNumber !== void 0 && o.etag !== void 0) return { partNumber: o.partNumber, etag: o.etag };
  const { key, version, size, etag, httpEtag, uploaded, httpMetadata, customMetadata, range, storageClass, ssecKeyMd5 } = o;
  const { md5, sha1, sha256, sha384, sha512 } = o.checksums ?? {};
  return {
    key,
    version,
    size,
    etag,
    httpEtag,
    uploaded,
    httpMetadata: { ...httpMetadata },
    customMetadata: { ...customMetadata },
    range: range ? { ...range } : null,
    storageClass: storageClass ?? null,
    ssecKeyMd5: ssecKeyMd5 ?? null,
    checksums: { md5, sha1, sha256, sha384, sha512 }
  };
}
async function received2(result) {
  const small = result?.body && result.size <= 65536 && !result.range ? new Uint8Array(await result.arrayBuffer()) : result?.body ? void 0 : null;
  return { result, small };
}
var r2Operations = {
  [Op.R2](frame, r, w, id) {
    const bucket = binding(frame, r.str(), "R2");
    const name = r.str();
    const args = r.values();
    const body = readBody(frame, r);
    if (!Object.hasOwn(methods2, name)) r.fail(`unknown method of R2 ${name}`);
    const answer = methods2[name](bucket, args, body).then(received2);
    return frame.complete(id, answer, (w2, { result, small }, frame2) => {
      w2.value(described(result));
      writeBody(w2, result, small, frame2, result?.range?.length ?? result?.size ?? -1);
    });
  }
};

// shim:shim/ratelimit.mjs
var rateLimitOperations = {
  [Op.RATE_LIMIT](frame, r, w, id) {
    const limiter = binding(frame, r.str(), "rate limiting");
    const key = r.str();
    const delta = r.f64();
    const counted = limiter.limit(delta === 1 ? { key } : { key, delta });
    return frame.complete(id, counted, (w2, { success: success2 }) => w2.bool(success2));
  }
};

// shim:shim/sql.mjs
function database(frame) {
  return frame.storage.sql;
}
function bindable(v) {
  return v instanceof Uint8Array ? v.buffer : v;
}
function writePage(frame, w, open, number, max) {
  const { cursor, rows } = open;
  let step = open.next ?? rows.next();
  if (step.done) return finish(frame, w, cursor, number);
  const holes = [w.hole(), w.hole(), w.hole(), w.hole()];
  let count = 0;
  let limit = Math.max(1, max);
  while (!step.done) {
    if (count >= limit) {
      if (cursor.rowsWritten === 0) break;
      limit = Infinity;
    }
    writeRow(w, step.value);
    count++;
    step = rows.next();
  }
  if (step.done) {
    frame.cursors?.delete(number);
    number = 0;
  } else {
    open.next = step;
    number ||= keep(frame, open);
  }
  [number, cursor.rowsRead, cursor.rowsWritten, count].forEach((v, i) => w.fill(holes[i], v));
}
function finish(frame, w, cursor, number) {
  frame.cursors?.delete(number);
  w.uint(0);
  w.uint(cursor.rowsRead);
  w.uint(cursor.rowsWritten);
  w.uint(0);
}
function keep(frame, open) {
  const number = frame.instance.nextStream++;
  (frame.cursors ??= /* @__PURE__ */ new Map()).set(number, open);
  return number;
}
function writeRow(w, row) {
  for (let i = 0; i < row.length; i++) {
    const v = row[i];
    w.value(v instanceof ArrayBuffer ? new Uint8Array(v) : v);
  }
}
var sqlOperations = {
  [Op.SQL_EXEC](frame, r, w) {
    const query = r.str();
    const bindings = r.values();
    const max = r.uint();
    for (let i = 0; i < bindings.length; i++) bindings[i] = bindable(bindings[i]);
    const cursor = database(frame).exec(query, ...bindings);
    const columns = cursor.columnNames;
    w.uint(columns.length);
    for (let i = 0; i < columns.length; i++) w.str(columns[i]);
    if (columns.length === 0) return finish(frame, w, cursor, 0);
    writePage(frame, w, { cursor, rows: cursor.raw(), next: null }, 0, max);
  },
  [Op.SQL_NEXT](frame, r, w) {
    const number = r.uint();
    const open = frame.cursors?.get(number);
    if (!open) throw new Error("the SQL cursor is closed: read it in the event that opened it");
    writePage(frame, w, open, number, r.uint());
  },
  [Op.SQL_CLOSE](frame, r) {
    frame.cursors?.delete(r.uint());
  },
  [Op.SQL_SIZE](frame, r, w) {
    w.f64(database(frame).databaseSize);
  }
};

// shim:shim/object.mjs
import { DurableObject } from "cloudflare:workers";
var collected4 = new FinalizationRegistry(({ instance, number }) => instance.deref()?.drop(number));
var ObjectState = class {
  /** @param {import("./index.mjs").Runtime} runtime @param {string} className @param {any} ctx @param {any} env */
  constructor(runtime, className, ctx, env) {
    this.runtime = runtime;
    this.className = className;
    this.ctx = ctx;
    this.env = env;
    this.instance = null;
    this.number = 0;
    this.frame = null;
    this.frames = /* @__PURE__ */ new Set();
    this.scope = new Scope();
    this.sections = 0;
    this.storing = 0;
    this.syncStorage = void 0;
    this.resetWanted = null;
    this.constructing = null;
  }
  /** Constructs the Go object, in the runtime's current Go instance, while other events wait. @returns {Promise<void>} */
  construct() {
    this.constructing ??= this.ctx.blockConcurrencyWhile(async () => {
      const instance = this.runtime.instance();
      this.instance = instance;
      this.number = instance.nextObject++;
      this.scope = new Scope();
      this.frames.clear();
      collected4.register(this, { instance: instance.weak, number: this.number });
      const frame = new Frame(instance, this, this.ctx, this.env);
      frame.idle = frame.locked = true;
      this.frame = frame;
      try {
        enter(frame, startConstruct, this);
        await frame.result();
      } catch (e) {
        frame.close();
        throw e;
      }
    }).then(() => {
      this.constructing = null;
      if (!this.frame) return;
      this.frame.locked = false;
      this.frame.listen();
    });
    return (
      /** @type {Promise<void>} */
      this.constructing
    );
  }
  leaveSection() {
    this.sections--;
    this.admit();
  }
  /** Wakes the frames that were kept out, if nothing keeps them out any more. */
  admit() {
    for (const frame of this.frames) {
      if (this.sections > 0 || this.storing > 0) return;
      if (!frame.rung) continue;
      frame.rung = false;
      frame.ring();
    }
  }
  /** The synchronous key-value storage, or null where the object is not backed by SQLite. */
  get keyValue() {
    if (this.syncStorage === void 0) {
      try {
        this.ctx.storage.kv.get("");
        this.syncStorage = this.ctx.storage.kv;
      } catch {
        this.syncStorage = null;
      }
    }
    return this.syncStorage;
  }
  get ready() {
    return this.instance !== null && this.instance.usable() && !this.constructing;
  }
  /** Starts an event of the object and returns what it comes to. @param {(w: import("./abi.mjs").Writer, ...rest: any[]) => void} encode @param {any} [a] @param {any} [b] */
  start(encode, a, b) {
    if (!this.ready) return this.construct().then(() => this.begin(encode, a, b));
    return this.begin(encode, a, b);
  }
  /** @param {(w: import("./abi.mjs").Writer, ...rest: any[]) => void} encode @param {any} a @param {any} b */
  begin(encode, a, b) {
    const frame = new Frame(
      /** @type {import("./instance.mjs").Instance} */
      this.instance,
      this,
      this.ctx,
      this.env
    );
    enter(frame, encode, this.number, a, b, frame);
    return frame.result();
  }
  /** Resets the object as Go asked. Execution ends inside ctx.abort, so this is the last thing an entry does. */
  reset() {
    const { reason, keepsNoAlarm } = (
      /** @type {{reason: string, keepsNoAlarm: boolean}} */
      this.resetWanted
    );
    this.resetWanted = null;
    const instance = (
      /** @type {import("./instance.mjs").Instance} */
      this.instance
    );
    for (const frame of [...this.frames]) instance.bury(frame.id, reason || "the Durable Object was reset");
    this.ctx.abort(reason || void 0, keepsNoAlarm ? { retryAlarm: false } : void 0);
  }
};
function startConstruct(w, object) {
  const { id } = object.ctx;
  w.u8(Event.START);
  w.u8(Start.CONSTRUCT);
  w.uint(object.number);
  w.str(object.className);
  w.str(id.toString());
  w.optStr(id.name ?? void 0);
  w.value(object.ctx.props ?? {});
}
function startCall2(w, object, method, args, frame) {
  w.u8(Event.START);
  w.u8(Start.RPC);
  w.uint(object);
  w.str(method);
  frame.writeParameters(w, args);
}
function startAlarm(w, object, info) {
  w.u8(Event.START);
  w.u8(Start.ALARM);
  w.uint(object);
  w.f64(Number(info?.scheduledTime ?? Date.now()));
  w.uint(info?.retryCount ?? 0);
  w.bool(info?.isRetry ?? false);
}
function sectionEvent(w, object, id) {
  w.u8(Event.START);
  w.u8(Start.SECTION);
  w.uint(object);
  w.uint(id);
}
async function startSection(parent, id, txn) {
  const { instance } = parent;
  if (instance.depth > 0) await null;
  const frame = new Frame(instance, parent.object, parent.ctx, parent.env);
  frame.txn = txn ?? parent.txn;
  frame.locked = true;
  if (instance.dead) throw instance.dead;
  enter(
    frame,
    sectionEvent,
    /** @type {ObjectState} */
    parent.object.number,
    id
  );
  return frame.result();
}
function objectClass(runtime, name, shape) {
  const state = /* @__PURE__ */ Symbol("lattice");
  class LatticeObject extends DurableObject {
    /** @param {any} ctx @param {any} env */
    constructor(ctx, env) {
      super(ctx, env);
      const object = new ObjectState(runtime, name, ctx, env);
      Object.defineProperty(this, state, { value: object });
      object.construct().catch(() => {
      });
    }
  }
  const prototype = LatticeObject.prototype;
  const define = (method, value) => Object.defineProperty(prototype, method, { value, configurable: true, writable: true });
  for (const method of shape.methods ?? []) {
    define(
      method,
      /** @this {any} @param {any[]} args */
      function(...args) {
        return this[state].start(startCall2, method, args);
      }
    );
  }
  if (shape.fetch) define(
    "fetch",
    /** @this {any} @param {Request} request */
    function fetch2(request) {
      return answerFetch(this[state], request);
    }
  );
  for (const [method, handle] of Object.entries(socketHandlers)) {
    if (!shape[
      /** @type {"webSocketMessage"} */
      method
    ]) continue;
    define(
      method,
      /** @this {any} @param {WebSocket} ws @param {any} a @param {any} b @param {any} c */
      function(ws, a, b, c) {
        return handle(this[state], ws, a, b, c);
      }
    );
  }
  if (shape.alarm) define(
    "alarm",
    /** @this {any} @param {any} info */
    function alarm(info) {
      return this[state].start(startAlarm, info);
    }
  );
  Object.defineProperty(LatticeObject, "name", { value: name });
  return LatticeObject;
}

// shim:shim/storage.mjs
function target(frame) {
  return frame.txn ?? frame.storage;
}
function options(flags) {
  return flags ? { allowConcurrency: (flags & 1) !== 0, allowUnconfirmed: (flags & 2) !== 0, noCache: (flags & 4) !== 0 } : void 0;
}
function readFields(r) {
  const entries = [];
  for (let n = r.count(); n > 0; n--) entries.push([r.str(), r.value()]);
  return entries;
}
function readListOptions(r) {
  const options2 = {};
  for (const name of ["start", "startAfter", "end", "prefix"]) {
    const v = r.optStr();
    if (v !== void 0) options2[name] = v;
  }
  if (r.bool()) options2.reverse = true;
  if (r.bool()) options2.limit = r.f64();
  return options2;
}
function writeMap(w, found) {
  w.uint(found.size);
  for (const [key, v] of found) {
    w.str(key);
    w.value(v);
  }
}
function writeAlarm(w, time) {
  w.bool(time !== null);
  if (time !== null) w.f64(time);
}
var ALLOW_CONCURRENCY = 1;
var ALLOW_UNCONFIRMED = 2;
function writeFound(w, key, v) {
  w.uint(v === void 0 ? 0 : 1);
  if (v === void 0) return;
  w.str(key);
  w.value(v);
}
function stored(frame, id, flags, promise, encode) {
  return frame.complete(id, promise, encode, (flags & ALLOW_CONCURRENCY) === 0);
}
function inPlace(frame, many, flags) {
  if (many || frame.txn || (flags & ALLOW_UNCONFIRMED) !== 0 || !frame.object) return null;
  return frame.object.keyValue;
}
var keyValue = {
  [Op.KV_GET](frame, r, w, id) {
    const many = r.bool();
    const keys = r.strs();
    const flags = r.u8();
    const kv = inPlace(frame, many, flags);
    if (kv) return writeFound(w, keys[0], kv.get(keys[0]));
    const promise = target(frame).get(many ? keys : keys[0], options(flags));
    if (many) return stored(frame, id, flags, promise, writeMap);
    return stored(frame, id, flags, promise, (w2, v) => writeFound(w2, keys[0], v));
  },
  [Op.KV_PUT](frame, r, w, id) {
    const many = r.bool();
    const entries = readFields(r);
    const flags = r.u8();
    const opts = options(flags);
    const kv = inPlace(frame, many, flags);
    if (kv && entries[0][1] !== void 0) return kv.put(entries[0][0], entries[0][1]);
    const promise = many ? target(frame).put(Object.fromEntries(entries), opts) : target(frame).put(entries[0][0], entries[0][1], opts);
    return stored(frame, id, flags, promise, nothing);
  },
  [Op.KV_DELETE](frame, r, w, id) {
    const many = r.bool();
    const keys = r.strs();
    const flags = r.u8();
    const kv = inPlace(frame, many, flags);
    if (kv) return w.uint(Number(kv.delete(keys[0])));
    return stored(frame, id, flags, target(frame).delete(many ? keys : keys[0], options(flags)), (w2, n) => w2.uint(Number(n)));
  },
  [Op.KV_LIST](frame, r, w, id) {
    const list = readListOptions(r);
    const flags = r.u8();
    return stored(frame, id, flags, target(frame).list({ ...list, ...options(flags) }), writeMap);
  },
  [Op.DELETE_ALL](frame, r, w, id) {
    const flags = r.u8();
    return stored(frame, id, flags, frame.storage.deleteAll(options(flags)), nothing);
  },
  [Op.SYNC](frame, r, w, id) {
    return frame.complete(id, frame.storage.sync(), nothing);
  }
};
var alarms = {
  [Op.GET_ALARM](frame, r, w, id) {
    const flags = r.u8();
    return stored(frame, id, flags, target(frame).getAlarm(options(flags)), writeAlarm);
  },
  [Op.SET_ALARM](frame, r, w, id) {
    const time = r.f64();
    const flags = r.u8();
    return stored(frame, id, flags, target(frame).setAlarm(time, options(flags)), nothing);
  },
  [Op.DELETE_ALARM](frame, r, w, id) {
    const flags = r.u8();
    return stored(frame, id, flags, target(frame).deleteAlarm(options(flags)), nothing);
  }
};
var syncKeyValue = {
  [Op.SKV_GET](frame, r, w) {
    const v = frame.storage.kv.get(r.str());
    w.bool(v !== void 0);
    if (v !== void 0) w.value(v);
  },
  [Op.SKV_PUT](frame, r) {
    const key = r.str();
    frame.storage.kv.put(key, r.value());
  },
  [Op.SKV_DELETE](frame, r, w) {
    w.bool(frame.storage.kv.delete(r.str()));
  },
  [Op.SKV_LIST](frame, r, w) {
    writeMap(w, new Map(frame.storage.kv.list(readListOptions(r))));
  }
};
var bookmarks = {
  [Op.BOOKMARK](frame, r, w, id) {
    const current = r.u8() === 0;
    const time = r.f64();
    const promise = current ? frame.storage.getCurrentBookmark() : frame.storage.getBookmarkForTime(time);
    return frame.complete(id, promise, (w2, v) => w2.str(v));
  },
  [Op.RESTORE](frame, r, w, id) {
    return frame.complete(id, frame.storage.onNextSessionRestoreBookmark(r.str()), (w2, v) => w2.str(v));
  }
};
var ROLL_BACK = /* @__PURE__ */ Symbol("roll back");
var transactions = {
  [Op.TXN_SYNC](frame, r, w, id, instance) {
    const callback = r.uint();
    const { base, end } = w;
    let answer = 0;
    try {
      frame.storage.transactionSync(() => {
        answer = instance.exports.lattice_run(callback);
        if (answer !== 1 && answer !== 2) instance.die("was discarded: a function given to TransactionSync blocked");
        if (answer !== 1) throw ROLL_BACK;
      });
    } catch (e) {
      if (e !== ROLL_BACK || instance.dead) throw e;
    }
    w.into(instance.bytes, base, end - base);
    w.u8(0);
    w.uint(answer);
  },
  [Op.SECTION](frame, r, w, id) {
    const kind = r.u8();
    if (kind > 1) r.fail(`unknown kind of critical section ${kind}`);
    const { storage } = frame;
    const object = (
      /** @type {import("./object.mjs").ObjectState} */
      frame.object
    );
    let entered = false;
    const run2 = (txn) => {
      entered = true;
      object.sections++;
      return startSection(frame, id, txn ?? null);
    };
    const leave2 = () => {
      if (entered) object.leaveSection();
    };
    const promise = kind === 0 ? object.ctx.blockConcurrencyWhile(() => run2(null)) : storage.transaction(run2);
    promise.then(leave2, leave2);
    return frame.complete(id, promise, nothing);
  },
  [Op.ROLLBACK](frame) {
    if (!frame.txn) throw new Error("there is no transaction to roll back here");
    frame.txn.rollback();
  }
};
var storageOperations = { ...keyValue, ...alarms, ...syncKeyValue, ...transactions, ...bookmarks };

// shim:shim/operations.mjs
var levels = (
  /** @type {const} */
  ["debug", "info", "warn", "error"]
);
var own = {
  [Op.INIT](frame, r, w, id, instance) {
    const version = r.uint();
    if (version !== VERSION) {
      const text2 = `the module speaks version ${version} of the Lattice ABI and this shim version ${VERSION}: build both with the same Lattice release`;
      instance.refusal = `was refused: ${text2}`;
      throw new Error(text2);
    }
    instance.inboxAt = r.uint();
    instance.inboxSize = r.uint();
    w.uint(0);
    w.str("workerd");
  },
  [Op.MANIFEST]() {
  },
  [Op.LOG](frame, r) {
    const level = levels[r.u8()] ?? "log";
    console[level](r.str());
  },
  [Op.HOP](frame, r, w, id, instance, frameID) {
    const target2 = frame?.id === frameID ? frame : instance.frames.get(frameID)?.deref();
    if (!target2 || target2.over) throw new Error("the event this goroutine worked for is gone");
    target2.wakeAsked = true;
    target2.ring();
    return PENDING;
  },
  [Op.DONE](frame, r) {
    const end = r.bool();
    if (r.u8() === 0) {
      r.refs = frame.references;
      frame.succeed(r.value());
    } else {
      frame.fail(r.error());
    }
    if (frame.parameters.length > 0) frame.endParameters();
    if (end && !frame.idle) frame.over = true;
  },
  [Op.END](frame) {
    if (!frame.idle) frame.over = true;
  },
  [Op.PASS_THROUGH](frame) {
    frame.ctx.passThroughOnException?.();
  },
  [Op.RESET](frame, r) {
    if (!frame.object) throw new Error("only a Durable Object can be reset, and this is an event of the Worker");
    const reason = r.str();
    const keepsNoAlarm = (r.u8() & 1) !== 0;
    frame.object.resetWanted ??= { reason, keepsNoAlarm };
  }
};
var operations = [];
for (const table2 of [
  own,
  envOperations,
  httpOperations,
  rpcOperations,
  facetOperations,
  storageOperations,
  sqlOperations,
  socketOperations,
  d1Operations,
  queueOperations,
  r2Operations,
  kvOperations,
  rateLimitOperations,
  analyticsOperations,
  cacheOperations
]) {
  for (const [op, operation] of Object.entries(table2)) operations[Number(op)] = operation;
}

// shim:shim/enter.mjs
function enter(frame, encode, a, b, c, d) {
  const { instance } = frame;
  if (!instance.usable()) {
    frame.fail(instance.dead);
    return;
  }
  instance.depth = 1;
  instance.tick();
  try {
    instance.announce();
    if (encode) {
      try {
        encode(instance.inbox(), a, b, c, d);
      } catch (e) {
        instance.depth = 0;
        throw new Refused(e);
      }
      instance.current = frame;
      instance.deliver(frame.id);
    }
    instance.current = frame;
    instance.exports.resume();
  } catch (e) {
    if (e instanceof Refused) throw e.cause;
    instance.trapped(e);
  }
  instance.depth = 0;
  instance.current = null;
  leave(frame);
}
var Refused = class extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super("refused", { cause });
  }
};
function leave(frame) {
  const { instance, object } = frame;
  if (instance.exited) instance.die(instance.exited);
  if (instance.dead) {
    frame.fail(instance.dead);
    frame.disarm();
    return;
  }
  if (frame.over) frame.close();
  else if (!frame.weak) frame.open();
  arm(frame);
  if (object && object.resetWanted) object.reset();
}
function latticeImports(instance) {
  const { reader, answer } = instance;
  return {
    /** @param {number} frameID @param {number} op @param {number} id @param {number} ptr @param {number} len @param {number} out @param {number} outcap */
    call(frameID, op, id, ptr, len, out, outcap) {
      const frame = instance.current;
      if ((frame ? frame.id : 0) !== frameID >>> 0 && op !== Op.HOP && op !== Op.LOG) return WRONG_FRAME;
      out >>>= 0;
      const w = answer.into(instance.bytes, out, outcap);
      w.u8(0);
      try {
        const operation = operations[op];
        if (!operation) throw new Error(`unknown operation ${op}: the module was built for another version of Lattice`);
        reader.from(instance.bytes, ptr >>> 0, len >>> 0);
        if (operation(
          /** @type {import("./frame.mjs").Frame} */
          frame,
          reader,
          w,
          id,
          instance,
          frameID >>> 0
        ) === PENDING) return PENDING;
      } catch (e) {
        if (instance.dead) throw e;
        w.into(instance.bytes, out, outcap);
        w.u8(1);
        w.error(e);
      }
      if (w.spilled) instance.untaken = w.bytes();
      return w.length;
    },
    /** @param {number} ptr @param {number} len */
    take(ptr, len) {
      instance.bytes.set(instance.untaken.subarray(0, len), ptr >>> 0);
      answer.trim();
    }
  };
}

// shim:shim/console.mjs
var KEPT = 64;
var Console = class {
  constructor() {
    this.decoder = new TextDecoder();
    this.partial = ["", ""];
    this.errors = [];
  }
  /** @param {number} fd @param {Uint8Array} bytes */
  write(fd, bytes) {
    const i = fd === 2 ? 1 : 0;
    const lines = (this.partial[i] + this.decoder.decode(bytes)).split("\n");
    this.partial[i] = lines.pop() ?? "";
    for (const line of lines) this.print(i, line);
  }
  /** Prints lines that were never ended. */
  flush() {
    for (let i = 0; i < 2; i++) {
      if (this.partial[i]) this.print(i, this.partial[i]);
      this.partial[i] = "";
    }
  }
  /** @param {number} i @param {string} line */
  print(i, line) {
    if (i === 0) {
      console.log(line);
      return;
    }
    console.error(line);
    if (this.errors.length === KEPT && !this.crash()) this.errors.shift();
    if (this.errors.length < KEPT) this.errors.push(line);
  }
  /** The line in which Go says why it ends, or "". */
  crash() {
    return this.errors.find((line) => /^(panic:|fatal error:|runtime:|SIG)/.test(line)) ?? "";
  }
};

// shim:shim/global.mjs
var errno = (code) => Object.assign(new Error(`${code}: there is no file system here`), { code });
var constants = Object.freeze({ O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_TRUNC: 512, O_APPEND: 1024, O_DIRECTORY: 65536 });
var absent = ["open", "stat", "lstat", "readlink", "unlink", "rmdir", "chmod", "chown", "lchown", "utimes", "rename", "truncate", "readdir"];
var impossible = ["close", "fchmod", "fchown", "fstat", "ftruncate", "link", "mkdir", "symlink", "read"];
function fileSystem(console2) {
  const fs = {
    constants,
    /** @param {number} fd @param {Uint8Array} buf @param {number} offset @param {number} length @param {any} position @param {Function} done */
    write(fd, buf, offset, length, position, done) {
      if (fd !== 1 && fd !== 2) return done(errno("EBADF"));
      console2.write(fd, buf.subarray(offset, offset + length));
      done(null, length);
    },
    /** @param {number} fd @param {Function} done */
    fsync: (fd, done) => done(null)
  };
  for (const name of absent) fs[name] = (...args) => args.at(-1)(errno("ENOENT"));
  for (const name of impossible) fs[name] = (...args) => args.at(-1)(errno("ENOSYS"));
  return fs;
}
var nodeProcess = {
  pid: 1,
  ppid: 0,
  argv0: "lattice",
  getuid: () => 0,
  getgid: () => 0,
  geteuid: () => 0,
  getegid: () => 0,
  getgroups: () => [0],
  umask: () => 18,
  cwd: () => "/",
  chdir() {
    throw errno("ENOSYS");
  }
};
var nodePath = { resolve: (...parts) => parts.join("/") };
var layers = /* @__PURE__ */ new WeakMap();
function goGlobal(instance) {
  const own2 = { process: nodeProcess, fs: fileSystem(instance.console), path: nodePath };
  const global = new Proxy(own2, {
    get: (_, name) => Object.hasOwn(own2, name) ? own2[name] : Reflect.get(globalThis, name),
    has: (_, name) => Object.hasOwn(own2, name) || Reflect.has(globalThis, name)
  });
  layers.set(global, own2);
  return global;
}
function receiver(target2, name) {
  const layer = typeof target2 === "object" && target2 !== null && layers.get(target2);
  return layer && !Object.hasOwn(layer, name) ? globalThis : target2;
}

// shim:shim/gojs.mjs
var GO_VERSION = "1.26";
var NAN_HEAD = 2146959360;
var FIXED = 7;
var encoder2 = new TextEncoder();
var decoder2 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
var Values = class {
  /** @param {object} global @param {object} go */
  constructor(global, go) {
    this.list = [NaN, 0, null, true, false, global, go];
    this.counts = new Array(FIXED).fill(Infinity);
    this.ids = /* @__PURE__ */ new Map();
    for (let id = 1; id < FIXED; id++) this.ids.set(this.list[id], id);
    this.free = [];
  }
  /** @param {any} v */
  hold(v) {
    let id = this.ids.get(v);
    if (id === void 0) {
      id = this.free.pop() ?? this.list.length;
      this.list[id] = v;
      this.counts[id] = 0;
      this.ids.set(v, id);
    }
    this.counts[id]++;
    return id;
  }
  /** @param {number} id */
  release(id) {
    if (id < FIXED || --this.counts[id] > 0) return;
    this.ids.delete(this.list[id]);
    this.list[id] = void 0;
    this.free.push(id);
  }
};
function typeFlag(v) {
  switch (typeof v) {
    case "object":
      return v === null ? 0 : 1;
    case "string":
      return 2;
    case "symbol":
      return 3;
    case "function":
      return 4;
    case "bigint":
      return 1;
    // Go has no type for it: an opaque object
    default:
      return 0;
  }
}
var Slots = class {
  /** @param {import("./instance.mjs").Instance} instance @param {Values} values */
  constructor(instance, values) {
    this.instance = instance;
    this.values = values;
    this.view = new DataView(new ArrayBuffer(0));
  }
  get data() {
    const { buffer } = this.instance.memory;
    if (this.view.buffer !== buffer) this.view = new DataView(buffer);
    return this.view;
  }
  /** @param {number} at */
  int(at) {
    const { data } = this;
    return data.getUint32(at, true) + data.getInt32(at + 4, true) * 4294967296;
  }
  /** @param {number} at @param {number} v */
  setInt(at, v) {
    const { data } = this;
    data.setUint32(at, v >>> 0, true);
    data.setInt32(at + 4, Math.floor(v / 4294967296), true);
  }
  /** @param {number} at */
  bytes(at) {
    return new Uint8Array(this.instance.memory.buffer, this.int(at), this.int(at + 8));
  }
  /** @param {number} at */
  string(at) {
    return decoder2.decode(this.bytes(at));
  }
  /** @param {number} at */
  load(at) {
    const { data } = this;
    const number = data.getFloat64(at, true);
    if (number === 0) return void 0;
    if (!Number.isNaN(number)) return number;
    return this.values.list[data.getUint32(at, true)];
  }
  /** @param {number} at @param {any} v */
  store(at, v) {
    const { data } = this;
    if (v === void 0) return data.setFloat64(at, 0, true);
    if (v === null) {
      data.setUint32(at, 2, true);
      return data.setUint32(at + 4, NAN_HEAD, true);
    }
    if (typeof v === "number" && v !== 0 && !Number.isNaN(v)) return data.setFloat64(at, v, true);
    const id = Number.isNaN(v) ? 0 : v === 0 ? 1 : this.values.hold(v);
    data.setUint32(at, id, true);
    data.setUint32(at + 4, NAN_HEAD | typeFlag(v), true);
  }
  /** Tells whether Go asks its own object for "_pendingEvent", the only property with a name of that length. @param {number} sp */
  isPendingEvent(sp) {
    const { data } = this;
    return data.getUint32(sp + 8, true) === 6 && data.getUint32(sp + 24, true) === 13 && data.getUint32(sp + 12, true) === (NAN_HEAD | 1);
  }
  /** Loads a slice of references. @param {number} at */
  list(at) {
    const from = this.int(at);
    const length = this.int(at + 8);
    const list = new Array(length);
    for (let i = 0; i < length; i++) list[i] = this.load(from + 8 * i);
    return list;
  }
};
function isBytes(v) {
  return v instanceof Uint8Array || v instanceof Uint8ClampedArray;
}
function goImports(instance) {
  const go = {
    _pendingEvent: null,
    /** @param {number} id */
    _makeFuncWrapper: (id) => makeCallback(instance, go, id)
  };
  const global = goGlobal(instance);
  const values = new Values(global, go);
  const slots = new Slots(instance, values);
  return { ...runtimeImports(instance, slots), ...valueImports(slots), ...callImports(instance, slots, go), ...byteImports(slots) };
}
function makeCallback(instance, go, id) {
  const frame = instance.current?.callbackFrame();
  const owner = frame && new WeakRef(frame);
  return function(...args) {
    const event = { id, this: this, args, result: void 0 };
    instance.callback(owner?.deref(), () => {
      go._pendingEvent = event;
    });
    return event.result;
  };
}
function runtimeImports(instance, slots) {
  return {
    /** @param {number} sp */
    "runtime.wasmExit": (sp) => instance.exit(slots.data.getInt32(sp + 8, true)),
    /** @param {number} sp */
    "runtime.wasmWrite": (sp) => {
      const bytes = new Uint8Array(instance.memory.buffer, slots.int(sp + 16), slots.data.getInt32(sp + 24, true));
      instance.console.write(slots.int(sp + 8), bytes);
    },
    "runtime.resetMemoryDataView": () => {
    },
    /** @param {number} sp */
    "runtime.nanotime1": (sp) => {
      const { data } = slots;
      const { clock } = instance;
      data.setUint32(sp + 8, clock.low, true);
      data.setUint32(sp + 12, clock.high, true);
    },
    /** @param {number} sp */
    "runtime.walltime": (sp) => {
      const { now } = instance.clock;
      slots.setInt(sp + 8, Math.floor(now / 1e3));
      slots.data.setInt32(sp + 16, now % 1e3 * 1e6, true);
    },
    /** @param {number} sp */
    "runtime.scheduleTimeoutEvent": (sp) => slots.data.setInt32(sp + 16, instance.timers.schedule(slots.int(sp + 8)), true),
    /** @param {number} sp */
    "runtime.clearTimeoutEvent": (sp) => instance.timers.clear(slots.data.getInt32(sp + 8, true)),
    /** @param {number} sp */
    "runtime.getRandomData": (sp) => {
      const bytes = slots.bytes(sp + 8);
      for (let i = 0; i < bytes.length; i += 65536) crypto.getRandomValues(bytes.subarray(i, i + 65536));
    }
  };
}
function valueImports(slots) {
  return {
    /** @param {number} sp */
    "syscall/js.finalizeRef": (sp) => slots.values.release(slots.data.getUint32(sp + 8, true)),
    /** @param {number} sp */
    "syscall/js.stringVal": (sp) => slots.store(sp + 24, slots.string(sp + 8)),
    /** @param {number} sp */
    "syscall/js.valueDelete": (sp) => void Reflect.deleteProperty(slots.load(sp + 8), slots.string(sp + 16)),
    /** @param {number} sp */
    "syscall/js.valueLength": (sp) => slots.setInt(sp + 16, Number(slots.load(sp + 8).length) || 0),
    /** @param {number} sp */
    "syscall/js.valueInstanceOf": (sp) => slots.data.setUint8(sp + 24, slots.load(sp + 8) instanceof slots.load(sp + 16) ? 1 : 0)
  };
}
function callImports(instance, slots, go) {
  const stack = () => instance.exports.getsp() >>> 0;
  const attempt = (sp, result, action) => {
    let value;
    let ok = 1;
    try {
      value = action();
    } catch (e) {
      if (instance.dead) throw e;
      value = e;
      ok = 0;
    }
    sp = stack();
    slots.store(sp + result, value);
    slots.data.setUint8(sp + result + 8, ok);
  };
  return {
    /** @param {number} sp */
    "syscall/js.valueGet": (sp) => {
      if (slots.isPendingEvent(sp)) return slots.store(sp + 32, go._pendingEvent);
      const value = Reflect.get(slots.load(sp + 8), slots.string(sp + 16));
      slots.store(stack() + 32, value);
    },
    /** @param {number} sp */
    "syscall/js.valueSet": (sp) => void Reflect.set(slots.load(sp + 8), slots.string(sp + 16), slots.load(sp + 32)),
    /** @param {number} sp */
    "syscall/js.valueIndex": (sp) => {
      const value = Reflect.get(slots.load(sp + 8), slots.int(sp + 16));
      slots.store(stack() + 24, value);
    },
    /** @param {number} sp */
    "syscall/js.valueSetIndex": (sp) => void Reflect.set(slots.load(sp + 8), slots.int(sp + 16), slots.load(sp + 24)),
    /** @param {number} sp */
    "syscall/js.valueCall": (sp) => attempt(sp, 56, () => {
      const target2 = slots.load(sp + 8);
      const name = slots.string(sp + 16);
      return Reflect.apply(Reflect.get(Object(target2), name), receiver(target2, name), slots.list(sp + 32));
    }),
    /** @param {number} sp */
    "syscall/js.valueInvoke": (sp) => attempt(sp, 40, () => Reflect.apply(slots.load(sp + 8), void 0, slots.list(sp + 16))),
    /** @param {number} sp */
    "syscall/js.valueNew": (sp) => attempt(sp, 40, () => Reflect.construct(slots.load(sp + 8), slots.list(sp + 16)))
  };
}
function byteImports(slots) {
  return {
    /** @param {number} sp */
    "syscall/js.valuePrepareString": (sp) => {
      const bytes = encoder2.encode(String(slots.load(sp + 8)));
      slots.store(sp + 16, bytes);
      slots.setInt(sp + 24, bytes.length);
    },
    /** @param {number} sp */
    "syscall/js.valueLoadString": (sp) => slots.bytes(sp + 16).set(slots.load(sp + 8)),
    /** @param {number} sp */
    "syscall/js.copyBytesToGo": (sp) => {
      const to = slots.bytes(sp + 8);
      const from = slots.load(sp + 32);
      copy(slots, sp + 40, to, from, isBytes(from));
    },
    /** @param {number} sp */
    "syscall/js.copyBytesToJS": (sp) => {
      const to = slots.load(sp + 8);
      const from = slots.bytes(sp + 16);
      copy(slots, sp + 40, to, from, isBytes(to));
    }
  };
}
function copy(slots, at, to, from, ok) {
  if (ok) {
    const n = Math.min(to.length, from.length);
    to.set(from.subarray(0, n));
    slots.setInt(at, n);
  }
  slots.data.setUint8(at + 8, ok ? 1 : 0);
}

// shim:shim/instance.mjs
var ARGV = 4096;
var EXPORTS = ["mem", "run", "resume", "getsp", "lattice_deliver", "lattice_inbox", "lattice_run"];
var Instance = class {
  /** @param {WebAssembly.Module} module */
  constructor(module) {
    this.weak = new WeakRef(this);
    this.console = new Console();
    this.timers = new Timers();
    this.clock = { now: 0, low: 0, high: 0 };
    this.reader = new Reader();
    this.answer = new Writer();
    this.events = new Writer();
    this.nextFrame = 1;
    this.nextStream = 1;
    this.nextObject = 1;
    this.nextHeld = 1;
    this.nextSender = 2 ** 40;
    this.nextSocket = 1;
    this.depth = 0;
    this.current = null;
    this.frames = /* @__PURE__ */ new Map();
    this.notices = [];
    this.dead = null;
    this.exited = "";
    this.where = "";
    this.refusal = "";
    this.untaken = new Uint8Array(0);
    this.inboxAt = 0;
    this.inboxSize = 0;
    this.views = new Uint8Array(0);
    this.exports = null;
    this.memory = /** @type {WebAssembly.Memory} */
    /** @type {unknown} */
    null;
    this.boot(module);
  }
  /** @param {WebAssembly.Module} module */
  boot(module) {
    const imports = { gojs: goImports(this), lattice: latticeImports(this) };
    checkImports(module, imports);
    const { exports } = new WebAssembly.Instance(module, imports);
    this.exports = exports;
    this.memory = /** @type {WebAssembly.Memory} */
    exports.mem;
    this.depth = 1;
    this.tick();
    try {
      this.exports.run(1, this.writeArguments());
    } catch (e) {
      this.trapped(e);
    }
    this.depth = 0;
    if (this.refusal) this.die(this.refusal);
    if (this.exited) this.die(this.exited);
    if (this.dead) throw this.dead;
    if (!this.inboxAt) throw new Error("the module did not start as a Lattice module: does its main function call workers.Run?");
  }
  /** Writes argv for Go's run: a program name, and no environment. */
  writeArguments() {
    const name = "app\0\0\0\0\0";
    for (let i = 0; i < name.length; i++) this.bytes[ARGV + i] = name.charCodeAt(i);
    const view = new DataView(this.memory.buffer);
    const argv = ARGV + name.length;
    for (let i = 0; i < 3; i++) view.setBigUint64(argv + 8 * i, i === 0 ? BigInt(ARGV) : 0n, true);
    return argv;
  }
  /** Tells whether Go can be entered. The CPU limit ends execution without a trace but this: an entry that never ended. */
  usable() {
    if (this.depth > 0) this.die("was stopped in the middle of an event, probably by the CPU limit");
    return !this.dead;
  }
  /** Sets the time that Go sees until the next entry. It never goes back, as Go's monotonic clock must not. */
  tick() {
    const { clock } = this;
    const now = Date.now();
    if (now <= clock.now) return;
    clock.now = now;
    const nanoseconds = BigInt(now) * 1000000n;
    clock.low = Number(nanoseconds & 0xffffffffn);
    clock.high = Number(nanoseconds >> 32n);
  }
  /** Memory, renewed after it has grown. */
  get bytes() {
    if (this.views.byteLength === 0) this.views = new Uint8Array(this.memory.buffer);
    return this.views;
  }
  /** Starts an event. */
  inbox() {
    return this.events.into(this.bytes, this.inboxAt, this.inboxSize);
  }
  /** Hands the event written last to Go. @param {number} frame */
  deliver(frame) {
    const { events } = this;
    const n = events.length;
    if (events.spilled) {
      const at = this.exports.lattice_inbox(n) >>> 0;
      this.bytes.set(events.bytes(), at);
      events.trim();
    }
    this.exports.lattice_deliver(frame, n);
  }
  /** Tells Go of frames and objects that have died. */
  announce() {
    while (this.notices.length > 0) {
      const { frame, object, stub, reason } = (
        /** @type {any} */
        this.notices.shift()
      );
      const w = this.inbox();
      if (stub) {
        w.u8(Event.RELEASED);
        w.uint(stub);
      } else if (object) {
        w.u8(Event.DROP);
        w.uint(object);
      } else {
        w.u8(Event.DEAD);
        w.str(reason);
      }
      this.deliver(frame);
    }
  }
  /** Notes that a frame can never continue; Go hears of it at the next entry. @param {number} id */
  bury(id, reason = "the request was cancelled: its client or its I/O context is gone") {
    const frame = this.frames.get(id)?.deref();
    if (frame) frame.over = true;
    if (this.frames.delete(id)) this.notices.push({ frame: id, object: 0, reason });
  }
  /** @param {number} object */
  drop(object) {
    this.notices.push({ frame: 0, object, reason: "" });
  }
  /** Nobody outside holds that stub of Go's any more. @param {number} stub */
  released(stub) {
    this.notices.push({ frame: 0, object: 0, stub, reason: "" });
    if (this.depth === 0 && !this.dead) this.callback(void 0, nothing2);
  }
  /** Some event in flight other than this one, or undefined. @param {import("./frame.mjs").Frame} except */
  liveFrame(except) {
    for (const ref of this.frames.values()) {
      const frame = ref.deref();
      if (frame && frame !== except && !frame.over && !frame.idle && !frame.deaf && frame.bell) return frame;
    }
  }
  /** Runs Go for a js.Func, nested inside Go or from outside. @param {import("./frame.mjs").Frame | undefined} frame @param {() => void} prepare */
  callback(frame, prepare2) {
    if (this.dead) throw this.dead;
    if (this.depth > 0) {
      this.depth++;
      prepare2();
      this.exports.resume();
      this.depth--;
      return;
    }
    const home = frame?.heir() ?? null;
    this.depth = 1;
    this.tick();
    this.current = home;
    try {
      this.announce();
      prepare2();
      this.exports.resume();
    } catch (e) {
      this.trapped(e);
    }
    this.depth = 0;
    this.current = null;
    if (home) leave(home);
    else if (this.exited) this.die(this.exited);
  }
  /** Go asked to end. @param {number} code */
  exit(code) {
    this.console.flush();
    const crash = this.console.crash();
    if (code !== 0 && !crash) this.where = calls(new Error());
    this.exited = `exited with code ${code}${crash ? `: ${crash}` : ""}`;
  }
  /** An entry into Wasm threw. @param {unknown} e */
  trapped(e) {
    if (this.dead) return;
    if (!this.exited) this.where = calls(e);
    this.die(this.exited || `crashed: ${e instanceof Error ? e.message : String(e)}`);
  }
  /** Ends the instance: everything in flight fails with the cause. @param {string} cause */
  die(cause) {
    if (this.dead) return;
    this.console.flush();
    this.dead = new Error(`the Go instance ${cause}`);
    console.error(this.dead.message + this.where);
    for (const ref of this.frames.values()) {
      const frame = ref.deref();
      if (!frame || frame.over) continue;
      frame.fail(this.dead);
      frame.release?.();
      frame.ring();
    }
    this.frames.clear();
  }
};
function nothing2() {
}
function calls(e) {
  const lines = e instanceof Error && e.stack ? e.stack.split("\n") : [];
  return lines.filter((line) => line.includes("wasm-function[")).map((line) => `
${line}`).join("");
}
function checkImports(module, given) {
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    if (given[from] && Object.hasOwn(given[from], name)) continue;
    throw new Error(from === "gojs" ? `the module imports ${name}, which Go ${GO_VERSION} does not have: build it with Go ${GO_VERSION}, or use the Lattice version for your Go` : `the module imports ${from}.${name}, which is neither Go's nor Lattice's`);
  }
  const exports = new Set(WebAssembly.Module.exports(module).map((e) => e.name));
  const missing = EXPORTS.filter((name) => !exports.has(name));
  if (missing.length > 0) throw new Error(`the module does not export ${missing.join(", ")}: it was not built with the Lattice SDK`);
}

// shim:shim/index.mjs
var Runtime = class {
  /** @param {WebAssembly.Module} module */
  constructor(module) {
    this.module = module;
    this.live = null;
  }
  /** The living instance; the first event boots it, because nothing may run at global scope. */
  instance() {
    if (!this.live?.usable()) {
      this.live = null;
      this.live = new Instance(this.module);
    }
    return this.live;
  }
};
function startScheduled(w, object, controller) {
  w.u8(Event.START);
  w.u8(Start.SCHEDULED);
  w.uint(object);
  w.str(controller.cron ?? "");
  w.f64(Number(controller.scheduledTime));
}
function createRuntime(module, handlers) {
  const runtime = new Runtime(module);
  const event = (env, ctx) => ({
    start(encode, a, b) {
      const frame = new Frame(runtime.instance(), null, ctx, env);
      enter(frame, encode, 0, a, b, frame);
      return frame.result();
    }
  });
  const worker = {};
  if (handlers.fetch) {
    worker.fetch = (request, env, ctx) => answerFetch(event(env, ctx), request);
  }
  if (handlers.scheduled) {
    worker.scheduled = async (controller, env, ctx) => {
      await event(env, ctx).start(startScheduled, controller, null);
    };
  }
  if (handlers.queue) {
    worker.queue = (batch, env, ctx) => consume(event(env, ctx), batch);
  }
  return {
    runtime,
    worker,
    /** @param {string} name @param {{fetch?: boolean, alarm?: boolean, webSocketMessage?: boolean, webSocketClose?: boolean, webSocketError?: boolean, methods?: string[]}} shape */
    objectClass: (name, shape) => objectClass(runtime, name, shape)
  };
}

// entry.mjs
var rt = createRuntime(wasm, { fetch: true, scheduled: false, queue: false });
var entry_default = rt.worker;
export {
  entry_default as default
};
