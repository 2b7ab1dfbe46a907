// One Go instance: its memory, its frames, its life. It boots inside the first event of an isolate, serves every event
// and object of it, and when it dies every frame in flight fails with the cause; the runtime then boots another.

import { Event, Reader, Writer } from "./abi.mjs";
import { Console } from "./console.mjs";
import { latticeImports, leave } from "./enter.mjs";
import { GO_VERSION, goImports } from "./gojs.mjs";
import { Timers } from "./timers.mjs";
import { shown } from "./trace.mjs";

const ARGV = 4096; // where Go's linker leaves room for the arguments
const EXPORTS = ["mem", "run", "resume", "getsp", "lattice_deliver", "lattice_inbox", "lattice_run"];

export class Instance {
  /** @param {WebAssembly.Module} module */
  constructor(module) {
    this.weak = new WeakRef(this);
    this.console = new Console();
    this.timers = new Timers();
    this.clock = { now: 0, low: 0, high: 0 };
    this.reader = new Reader();
    this.answer = new Writer(); // results of operations
    this.events = new Writer();
    this.nextFrame = 1;
    this.nextStream = 1;
    this.nextObject = 1;
    this.nextHeld = 1;
    this.nextSender = 2 ** 40;
    this.nextSocket = 1;
    this.depth = 0;
    /** @type {import("./frame.mjs").Frame | null} */
    this.current = null;
    /** @type {Map<number, WeakRef<import("./frame.mjs").Frame>>} */
    this.frames = new Map();
    /** @type {Array<{frame: number, object: number, stub?: number, reason: string}>} deaths that Go has not been told of */
    this.notices = [];
    /** @type {Error | null} */
    this.dead = null;
    this.exited = "";
    this.where = "";
    this.refusal = "";
    /** @type {Uint8Array} */
    this.untaken = new Uint8Array(0);
    this.inboxAt = 0;
    this.inboxSize = 0;
    this.views = new Uint8Array(0);
    /** @type {any} */
    this.exports = null;
    this.memory = /** @type {WebAssembly.Memory} */ (/** @type {unknown} */ (null));
    this.boot(module);
  }

  /** @param {WebAssembly.Module} module */
  boot(module) {
    const imports = { gojs: goImports(this), lattice: latticeImports(this) };
    checkImports(module, imports);
    const { exports } = new WebAssembly.Instance(module, imports);
    this.exports = exports;
    this.memory = /** @type {WebAssembly.Memory} */ (exports.mem);
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
    this.console.release();
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
      const { frame, object, stub, reason } = /** @type {any} */ (this.notices.shift());
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
    if (this.depth === 0 && !this.dead) this.callback(undefined, nothing);
  }

  /** Some event in flight other than this one, or undefined. @param {import("./frame.mjs").Frame} except */
  liveFrame(except) {
    for (const ref of this.frames.values()) {
      const frame = ref.deref();
      if (frame && frame !== except && !frame.over && !frame.idle && !frame.deaf && frame.bell) return frame;
    }
  }

  /** Runs Go for a js.Func, nested inside Go or from outside. @param {import("./frame.mjs").Frame | undefined} frame @param {() => void} prepare */
  callback(frame, prepare) {
    if (this.dead) throw this.dead;
    if (this.depth > 0) {
      this.depth++;
      prepare();
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
      prepare();
      this.exports.resume();
    } catch (e) {
      this.trapped(e);
    }
    this.depth = 0;
    this.current = null;
    if (home) leave(home);
    else if (this.exited) this.die(this.exited);
    else if (!this.dead) this.console.release();
  }

  /** Go asked to end. @param {number} code */
  exit(code) {
    this.console.flush();
    if (code === 0) this.console.release();
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

  /** Ends the instance: everything in flight fails with the cause. @param {string} cause @param {any} [env] of the event that it ends in */
  die(cause, env = this.current?.env) {
    if (this.dead) return;
    this.console.flush();
    this.dead = new Error(`the Go instance ${cause}`);
    const { held } = this.console;
    if (held && this.exited) {
      console.error(`the Go instance exited: ${shown(held, env)}`);
    } else {
      this.console.release();
      console.error(this.dead.message + this.where);
    }
    for (const ref of this.frames.values()) {
      const frame = ref.deref();
      if (!frame || frame.over) continue;
      frame.fail(this.dead);
      frame.release?.();
      frame.ring();
    }
    this.frames.clear();
  }
}

function nothing() {}

/** The calls of Go among those of an error, which "lattice symbolize" names. @param {unknown} e */
function calls(e) {
  const lines = e instanceof Error && e.stack ? e.stack.split("\n") : [];
  return lines.filter((line) => line.includes("wasm-function[")).map((line) => `\n${line}`).join("");
}

/** @param {WebAssembly.Module} module @param {Record<string, Record<string, any>>} given */
function checkImports(module, given) {
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    if (given[from] && Object.hasOwn(given[from], name)) continue;
    throw new Error(from === "gojs"
      ? `the module imports ${name}, which Go ${GO_VERSION} does not have: build it with Go ${GO_VERSION}, or use the Lattice version for your Go`
      : `the module imports ${from}.${name}, which is neither Go's nor Lattice's`);
  }
  const exports = new Set(WebAssembly.Module.exports(module).map((e) => e.name));
  const missing = EXPORTS.filter((name) => !exports.has(name));
  if (missing.length > 0) throw new Error(`the module does not export ${missing.join(", ")}: it was not built with the Lattice SDK`);
}
