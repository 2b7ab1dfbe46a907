// The writing half of the codec.

import { float, floatBytes, errorFlags, MAX_DEPTH, Tag, typedArrays } from "./values.mjs";

const encoder = new TextEncoder();

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
    /** @type {import("./references.mjs").References | null} how to write what is no data; null where only data may be */
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
    const failure = /** @type {any} */ (e);
    this.str(String(failure.name || "Error"));
    this.str(String(failure.message));
    let flags = 0;
    errorFlags.forEach((name, i) => {
      if (failure[name] === true) flags |= 1 << i;
    });
    this.u8(flags);
    this.str("");
    const keys = Object.keys(failure).filter((k) => !errorFlags.includes(k) && k !== "name" && k !== "message" && k !== "stack" && k !== "cause");
    if (Object.hasOwn(failure, "cause")) keys.push("cause");
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
}

/** @param {any} v */
function kindOf(v) {
  return Object.prototype.toString.call(v).slice(8, -1);
}

/** @param {any} v @param {string} kind */
function uncloneable(v, kind) {
  if (typeof v === "symbol") return `${String(v)} could not be cloned.`;
  if (kind === "Blob" || kind === "File") return `a ${kind} cannot be passed to Go: pass its bytes, await blob.arrayBuffer(), or blob.stream()`;
  if (typeof v === "function") return `${String(v)} could not be cloned.`;
  return `Could not serialize object of type "${kind}". This type does not support serialization.`;
}

/** @param {any} e */
function thrownText(e) {
  try {
    return String(e);
  } catch {
    return "a value that has no text was thrown";
  }
}
