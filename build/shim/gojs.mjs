// Go's own imports (module "gojs"): the runtime's and package syscall/js's, with the table of JavaScript values that Go
// holds. Signatures and layout follow Go 1.26: runtime/sys_wasm.go, runtime/lock_js.go and syscall/js/js.go. Such an
// import gets the stack pointer; arguments and results lie in 8-byte slots from sp+8 on.

import { goGlobal, receiver } from "./global.mjs";

/** The Go release whose runtime ABI this file implements. */
export const GO_VERSION = "1.26";

const NAN_HEAD = 0x7ff80000;
const FIXED = 7; // predefined references: NaN, 0, null, true, false, the global, the Go object

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** Values is the table of JavaScript values that Go holds, with the count of references to each. */
class Values {
  /** @param {object} global @param {object} go */
  constructor(global, go) {
    /** @type {any[]} */
    this.list = [NaN, 0, null, true, false, global, go];
    /** @type {number[]} */
    this.counts = new Array(FIXED).fill(Infinity);
    /** @type {Map<any, number>} */
    this.ids = new Map();
    for (let id = 1; id < FIXED; id++) this.ids.set(this.list[id], id);
    /** @type {number[]} */
    this.free = [];
  }

  /** @param {any} v */
  hold(v) {
    let id = this.ids.get(v);
    if (id === undefined) {
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
    this.list[id] = undefined;
    this.free.push(id);
  }
}

/** @param {any} v */
function typeFlag(v) {
  switch (typeof v) {
    case "object": return v === null ? 0 : 1;
    case "string": return 2;
    case "symbol": return 3;
    case "function": return 4;
    case "bigint": return 1; // Go has no type for it: an opaque object
    default: return 0;
  }
}

/**
 * Memory reads and writes Go's stack slots. Its views are renewed when the memory has grown.
 */
class Slots {
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
    return decoder.decode(this.bytes(at));
  }

  /** @param {number} at */
  load(at) {
    const { data } = this;
    const number = data.getFloat64(at, true);
    if (number === 0) return undefined;
    if (!Number.isNaN(number)) return number;
    return this.values.list[data.getUint32(at, true)];
  }

  /** @param {number} at @param {any} v */
  store(at, v) {
    const { data } = this;
    if (v === undefined) return data.setFloat64(at, 0, true);
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
}

/** @param {any} v */
function isBytes(v) {
  return v instanceof Uint8Array || v instanceof Uint8ClampedArray;
}

/**
 * Makes the import object of module "gojs" for an instance.
 * @param {import("./instance.mjs").Instance} instance
 */
export function goImports(instance) {
  const go = {
    _pendingEvent: null,
    /** @param {number} id */
    _makeFuncWrapper: (id) => makeCallback(instance, go, id),
  };
  const global = goGlobal(instance);
  const values = new Values(global, go);
  const slots = new Slots(instance, values);
  return { ...runtimeImports(instance, slots), ...valueImports(slots), ...callImports(instance, slots, go), ...byteImports(slots) };
}

/** A js.Func: runs in the frame that made it, through the one door. @param {import("./instance.mjs").Instance} instance @param {any} go @param {number} id */
function makeCallback(instance, go, id) {
  const frame = instance.current?.callbackFrame();
  const owner = frame && new WeakRef(frame);
  /** @this {any} @param {any[]} args */
  return function (...args) {
    const event = { id, this: this, args, result: undefined };
    instance.callback(owner?.deref(), () => {
      go._pendingEvent = event;
    });
    return event.result;
  };
}

/** @param {import("./instance.mjs").Instance} instance @param {Slots} slots */
function runtimeImports(instance, slots) {
  return {
    /** @param {number} sp */
    "runtime.wasmExit": (sp) => instance.exit(slots.data.getInt32(sp + 8, true)),
    /** @param {number} sp */
    "runtime.wasmWrite": (sp) => {
      const bytes = new Uint8Array(instance.memory.buffer, slots.int(sp + 16), slots.data.getInt32(sp + 24, true));
      instance.console.write(slots.int(sp + 8), bytes);
    },
    "runtime.resetMemoryDataView": () => {},
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
      slots.setInt(sp + 8, Math.floor(now / 1000));
      slots.data.setInt32(sp + 16, (now % 1000) * 1000000, true);
    },
    /** @param {number} sp */
    "runtime.scheduleTimeoutEvent": (sp) => slots.data.setInt32(sp + 16, instance.timers.schedule(slots.int(sp + 8)), true),
    /** @param {number} sp */
    "runtime.clearTimeoutEvent": (sp) => instance.timers.clear(slots.data.getInt32(sp + 8, true)),
    /** @param {number} sp */
    "runtime.getRandomData": (sp) => {
      const bytes = slots.bytes(sp + 8);
      for (let i = 0; i < bytes.length; i += 65536) crypto.getRandomValues(bytes.subarray(i, i + 65536));
    },
  };
}

/** @param {Slots} slots */
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
    "syscall/js.valueInstanceOf": (sp) => slots.data.setUint8(sp + 24, slots.load(sp + 8) instanceof slots.load(sp + 16) ? 1 : 0),
  };
}

/** Imports that may run JavaScript that calls back into Go, after which the stack may have moved. @param {import("./instance.mjs").Instance} instance @param {Slots} slots @param {{_pendingEvent: any}} go */
function callImports(instance, slots, go) {
  const stack = () => instance.exports.getsp() >>> 0;
  /** @param {number} sp @param {number} result @param {() => any} action */
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
      if (slots.isPendingEvent(sp)) return slots.store(sp + 32, go._pendingEvent); // asked for at every entry
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
      const target = slots.load(sp + 8);
      const name = slots.string(sp + 16);
      return Reflect.apply(Reflect.get(Object(target), name), receiver(target, name), slots.list(sp + 32));
    }),
    /** @param {number} sp */
    "syscall/js.valueInvoke": (sp) => attempt(sp, 40, () => Reflect.apply(slots.load(sp + 8), undefined, slots.list(sp + 16))),
    /** @param {number} sp */
    "syscall/js.valueNew": (sp) => attempt(sp, 40, () => Reflect.construct(slots.load(sp + 8), slots.list(sp + 16))),
  };
}

/** @param {Slots} slots */
function byteImports(slots) {
  return {
    /** @param {number} sp */
    "syscall/js.valuePrepareString": (sp) => {
      const bytes = encoder.encode(String(slots.load(sp + 8)));
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
    },
  };
}

/** @param {Slots} slots @param {number} at where the results go @param {Uint8Array} to @param {Uint8Array} from @param {boolean} ok */
function copy(slots, at, to, from, ok) {
  if (ok) {
    const n = Math.min(to.length, from.length);
    to.set(from.subarray(0, n));
    slots.setInt(at, n);
  }
  slots.data.setUint8(at + 8, ok ? 1 : 0);
}
