// A frame is one event, or one critical section inside it, and the I/O context that goes with it. Its mailbox is a
// promise made in that context: whoever resolves it has the continuation run there (compatibility flag
// handle_cross_request_promise_resolution).
//
// Promises that another context may settle are made with Promise.withResolvers: those of "new Promise" lose their context
// once V8's optimizing compiler has inlined the constructor (seen on workerd 2026-11-17 after some 10,000 calls), and
// their continuations then run in the context of whoever settles them.
//
// The invariant: nothing global holds a frame. Its own I/O context does, through the closure of a timer or of a pending
// operation; so when the context dies the frame is collected, and the finaliser tells Go.

import { Event, PENDING } from "./abi.mjs";
import { enter } from "./enter.mjs";
import { References } from "./references.mjs";
import { arm, wake } from "./timers.mjs";

/** @type {number[]} */
const none = [];

/** What frames of one object, or the frames of one Worker event, share. */
export class Scope {
  constructor() {
    /** @type {Map<number, import("./streams.mjs").Source>} streams that Go reads */
    this.sources = new Map();
    /** @type {Map<number, import("./streams.mjs").Sink>} streams that Go writes */
    this.sinks = new Map();
    /** @type {Map<number, any>} stubs of objects by serial */
    this.stubs = new Map();
    /** @type {Map<number, import("./references.mjs").Held>} stubs and promises that Go holds */
    this.held = new Map();
    /** @type {Map<number, AbortController>} requests to the network that are under way, by operation */
    this.fetches = new Map();
    /** @type {import("./sockets.mjs").Sockets | null} */
    this.sockets = null;
    /** @type {WebSocket | null} tells in which I/O context one is */
    this.probe = null;
  }
}

/** @type {FinalizationRegistry<{instance: WeakRef<import("./instance.mjs").Instance>, id: number}>} */
const collected = new FinalizationRegistry(({ instance, id }) => instance.deref()?.bury(id));

export class Frame {
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
    this.controller = /** @type {any} */ (null); // of a scheduled event
    /** @type {Scope | null} */
    this.ownScope = null;
    this.txn = /** @type {any} */ (null); // the DurableObjectTransaction of a transaction's section
    this.idle = false; // a construct frame: it lives as long as the object, and must not keep it alive
    this.locked = false; // inside a critical section, where the bell is not heard
    this.rung = false; // while it was excluded
    this.look = 0; // ms until its next look, see timers.mjs
    this.done = false;
    this.failed = false;
    this.over = false; // ended or dead
    /** @type {any} */
    this.outcome = undefined;
    this.pending = 0;
    this.timer = /** @type {any} */ (0);
    this.armedFor = Infinity;
    this.timerDue = Infinity;
    this.wakeAsked = false;
    /** @type {WeakRef<Frame> | null} */
    this.weak = null;
    /** @type {null | ((v: any) => void)} */
    this.resolve = null;
    /** @type {null | ((e: any) => void)} */
    this.reject = null;
    /** @type {null | (() => void)} */
    this.release = null;
    /** @type {null | ((v: unknown) => void)} */
    this.bell = null;
    /** @type {Map<number, any> | null} */
    this.cursors = null;
    /** @type {References | null} */
    this.refs = null;
    /** @type {number[]} stubs among the parameters, which end with the call */
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
    return this.object ? this.object.scope : (this.ownScope ??= new Scope());
  }

  get storage() {
    if (!this.object) throw new Error("storage belongs to Durable Objects, and this is an event of the Worker");
    return this.object.ctx.storage;
  }

  /** Whether this cannot be woken from outside now. */
  get deaf() {
    return this.locked || (this.object !== null && this.object.sections > 0);
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
      this.release = () => resolve(undefined);
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
    // A Worker's frame that waits for an operation is as a rule woken by that, and a probe costs as much as the rest.
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
    bell?.(undefined);
  }

  woken() {
    const { instance } = this;
    if (!alive(this.scope.probe)) {
      // The context is gone and this runs in the waker's: nothing of the frame may be touched here.
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
    for (const sink of scope.sinks.values()) sink.abort(error);
    for (const source of scope.sources.values()) source.cancel(error);
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
      (e) => this.completed(id, e, null, object),
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
}

/** @param {import("./abi.mjs").Writer} w @param {number} id @param {any} v @param {any} encode @param {Frame} frame */
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

/** @param {import("./abi.mjs").Writer} w @param {number} id @param {any} e */
function failure(w, id, e) {
  w.u8(Event.COMPLETE);
  w.uint(id);
  w.u8(1);
  w.error(e);
}

/** An encoder of results without a payload. */
export function nothing() {}

/**
 * Something that belongs to the current I/O context. Few things do so that they can be asked without a cost: an
 * end of a WebSocketPair throws in any context but its own, also when its own is gone.
 */
function makeProbe() {
  return new WebSocketPair()[0];
}

/** @param {WebSocket | null} probe */
function alive(probe) {
  try {
    return probe === null || probe.readyState >= 0;
  } catch {
    return false;
  }
}
