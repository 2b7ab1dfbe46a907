// Durable Object classes: what the runtime constructs and calls, and the state that their frames share.

import { DurableObject } from "cloudflare:workers";
import { Event, Start } from "./abi.mjs";
import { enter } from "./enter.mjs";
import { Frame, Scope } from "./frame.mjs";
import { answerFetch } from "./http.mjs";
import { socketHandlers } from "./sockets.mjs";

/** @type {FinalizationRegistry<{instance: WeakRef<import("./instance.mjs").Instance>, number: number}>} */
const collected = new FinalizationRegistry(({ instance, number }) => instance.deref()?.drop(number));

/** ObjectState is one object in one Go instance. After that instance has died the object is constructed again in the next. */
export class ObjectState {
  /** @param {import("./index.mjs").Runtime} runtime @param {string} className @param {any} ctx @param {any} env */
  constructor(runtime, className, ctx, env) {
    this.runtime = runtime;
    this.className = className;
    this.ctx = ctx;
    this.env = env;
    /** @type {import("./instance.mjs").Instance | null} */
    this.instance = null;
    this.number = 0;
    /** @type {Frame | null} the frame of the constructor, where goroutines go on that outlive their event */
    this.frame = null;
    /** @type {Set<Frame>} */
    this.frames = new Set();
    this.scope = new Scope();
    this.sections = 0; // critical sections that run
    this.storing = 0; // storage operations that close the input gate
    /** @type {any} see keyValue */
    this.syncStorage = undefined;
    /** @type {{reason: string, keepsNoAlarm: boolean} | null} */
    this.resetWanted = null;
    /** @type {Promise<void> | null} */
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
      collected.register(this, { instance: instance.weak, number: this.number });
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
      this.frame.listen(); // from here on outside of the critical section
    });
    return /** @type {Promise<void>} */ (this.constructing);
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
    if (this.syncStorage === undefined) {
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
    const frame = new Frame(/** @type {import("./instance.mjs").Instance} */ (this.instance), this, this.ctx, this.env);
    enter(frame, encode, this.number, a, b, frame);
    return frame.result();
  }

  /** Resets the object as Go asked. Execution ends inside ctx.abort, so this is the last thing an entry does. */
  reset() {
    const { reason, keepsNoAlarm } = /** @type {{reason: string, keepsNoAlarm: boolean}} */ (this.resetWanted);
    this.resetWanted = null;
    const instance = /** @type {import("./instance.mjs").Instance} */ (this.instance);
    for (const frame of [...this.frames]) instance.bury(frame.id, reason || "the Durable Object was reset");
    this.ctx.abort(reason || undefined, keepsNoAlarm ? { retryAlarm: false } : undefined);
  }
}

/** @param {import("./abi.mjs").Writer} w @param {ObjectState} object */
function startConstruct(w, object) {
  const { id } = object.ctx;
  w.u8(Event.START);
  w.u8(Start.CONSTRUCT);
  w.uint(object.number);
  w.str(object.className);
  w.str(id.toString());
  w.optStr(id.name ?? undefined);
  w.value(object.ctx.props ?? {});
}

/** @param {import("./abi.mjs").Writer} w @param {number} object @param {string} method @param {any[]} args @param {Frame} frame */
function startCall(w, object, method, args, frame) {
  w.u8(Event.START);
  w.u8(Start.RPC);
  w.uint(object);
  w.str(method);
  frame.writeParameters(w, args);
}

/** @param {import("./abi.mjs").Writer} w @param {number} object @param {any} info */
function startAlarm(w, object, info) {
  w.u8(Event.START);
  w.u8(Start.ALARM);
  w.uint(object);
  w.f64(Number(info?.scheduledTime ?? Date.now()));
  w.uint(info?.retryCount ?? 0);
  w.bool(info?.isRetry ?? false);
}

/** @param {import("./abi.mjs").Writer} w @param {number} object @param {number} id */
function sectionEvent(w, object, id) {
  w.u8(Event.START);
  w.u8(Start.SECTION);
  w.uint(object);
  w.uint(id);
}

/** Runs a critical section of Go, called inside it. @param {Frame} parent @param {number} id @param {any} txn */
export async function startSection(parent, id, txn) {
  const { instance } = parent;
  if (instance.depth > 0) await null; // Go is still inside the operation that asked for the section
  const frame = new Frame(instance, parent.object, parent.ctx, parent.env);
  frame.txn = txn ?? parent.txn;
  frame.locked = true;
  if (instance.dead) throw instance.dead;
  enter(frame, sectionEvent, /** @type {ObjectState} */ (parent.object).number, id);
  return frame.result();
}

/**
 * Makes the JavaScript class of a Go class.
 * @param {import("./index.mjs").Runtime} runtime @param {string} name
 * @param {{fetch?: boolean, alarm?: boolean, webSocketMessage?: boolean, webSocketClose?: boolean, webSocketError?: boolean, methods?: string[]}} shape
 */
export function objectClass(runtime, name, shape) {
  const state = Symbol("lattice");
  class LatticeObject extends DurableObject {
    /** @param {any} ctx @param {any} env */
    constructor(ctx, env) {
      super(ctx, env);
      const object = new ObjectState(runtime, name, ctx, env);
      Object.defineProperty(this, state, { value: object });
      object.construct().catch(() => {}); // blockConcurrencyWhile has reset the object, and told the callers
    }
  }
  /** @type {any} */
  const prototype = LatticeObject.prototype;
  const define = (/** @type {string} */ method, /** @type {Function} */ value) =>
    Object.defineProperty(prototype, method, { value, configurable: true, writable: true });
  for (const method of shape.methods ?? []) {
    define(method, /** @this {any} @param {any[]} args */ function (...args) {
      return this[state].start(startCall, method, args);
    });
  }
  if (shape.fetch) define("fetch", /** @this {any} @param {Request} request */ function fetch(request) {
    return answerFetch(this[state], request);
  });
  for (const [method, handle] of Object.entries(socketHandlers)) {
    if (!shape[/** @type {"webSocketMessage"} */ (method)]) continue;
    define(method, /** @this {any} @param {WebSocket} ws @param {any} a @param {any} b @param {any} c */ function (ws, a, b, c) {
      return handle(this[state], ws, a, b, c);
    });
  }
  if (shape.alarm) define("alarm", /** @this {any} @param {any} info */ function alarm(info) {
    return this[state].start(startAlarm, info);
  });
  Object.defineProperty(LatticeObject, "name", { value: name });
  return LatticeObject;
}
