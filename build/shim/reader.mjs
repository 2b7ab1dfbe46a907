// The reading half of the codec.

import { errorClasses, errorFlags, float, floatBytes, MAX_DEPTH, Tag, typedArrays } from "./values.mjs";

const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** A message that does not follow docs/abi.md. */
export class Malformed extends Error {
  /** @param {number} at @param {string} what */
  constructor(at, what) {
    super(`malformed ABI message at byte ${at}: ${what}`);
  }
}

/** Reader takes a message in guest memory apart. What it returns is copied out of there. */
export class Reader {
  constructor() {
    /** @type {Uint8Array} */
    this.buf = new Uint8Array(0);
    this.base = this.pos = this.end = 0;
    /** @type {import("./references.mjs").References | null} how to read what is no data; null where only data may be */
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
}

/** Sets a property of its own even when the name is "__proto__". @param {any} o @param {string} name @param {any} value */
function setField(o, name, value, enumerable = true) {
  if (name === "__proto__" || !enumerable) Object.defineProperty(o, name, { value, configurable: true, enumerable, writable: true });
  else o[name] = value;
}
