// Stubs of Go code as JavaScript sees them: functions, and RpcTargets with real methods. A call of one is an event of the object, or of
// the Worker's event, that passed it on, and runs in that I/O context. When the runtime has dropped the last stub it disposes of them;
// those that it never serialized are collected.

import { RpcTarget } from "cloudflare:workers";
import { Event, Start } from "./abi.mjs";
import { enter } from "./enter.mjs";
import { Frame } from "./frame.mjs";

/** @type {FinalizationRegistry<GuestStub>} */
const collected = new FinalizationRegistry((stub) => stub.release());

/** One number of Go's. Nothing here may keep the wrapper alive, or a Worker's frame. */
class GuestStub {
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
}

/** @param {import("./abi.mjs").Writer} w @param {number} object @param {number} number @param {string[]} path @param {{args: any[], frame: Frame}} call */
function startCall(w, object, number, path, { args, frame }) {
  w.u8(Event.START);
  w.u8(Start.CALL);
  w.uint(object);
  w.uint(number);
  w.strs(path);
  frame.writeParameters(w, args);
}

/** @type {Map<string, any>} classes of targets by the names of their methods */
const classes = new Map();

/** @param {string[]} methods */
function targetClass(methods) {
  const key = methods.join("\0");
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
    static call(target, method, args) {
      return target.#stub.call([method], args);
    }
    [Symbol.dispose]() {
      this.#stub.release();
    }
  }
  for (const method of methods) {
    Object.defineProperty(GoTarget.prototype, method, {
      value: /** @this {GoTarget} @param {any[]} args */ function (...args) {
        return GoTarget.call(this, method, args);
      },
      configurable: true,
      writable: true,
    });
  }
  classes.set(key, made = GoTarget);
  return made;
}

/**
 * What JavaScript gets for a stub of Go's.
 * @param {Frame} frame @param {number} number @param {number} kind 0 function, 1 target @param {string[]} methods
 */
export function guestStub(frame, number, kind, methods) {
  const stub = new GuestStub(frame, number);
  /** @type {any} */
  let wrapper;
  if (kind === 1) {
    wrapper = new (targetClass(methods))(stub);
  } else {
    wrapper = (/** @type {any[]} */ ...args) => stub.call([], args);
    wrapper[Symbol.dispose] = () => stub.release();
  }
  collected.register(wrapper, stub);
  return wrapper;
}
