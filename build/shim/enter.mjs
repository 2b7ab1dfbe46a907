// The one door: every entry into Wasm goes through enter (or, for JavaScript that calls a js.Func, through
// Instance.callback). It sets the current frame, lets Go run until all goroutines are idle, and on the way out sees
// to timers, resets and finished frames.

import { PENDING, WRONG_FRAME, Op } from "./abi.mjs";
import { arm } from "./timers.mjs";
import { operations } from "./operations.mjs";

/**
 * Delivers an event in a frame and runs Go; without an event Go only looks at its timers.
 * @param {import("./frame.mjs").Frame} frame
 * @param {((w: import("./abi.mjs").Writer, a: any, b: any, c: any, d: any) => void)} [encode]
 * @param {any} [a] @param {any} [b] @param {any} [c] @param {any} [d]
 */
export function enter(frame, encode, a, b, c, d) {
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

/** An event that could not be encoded: its sender's fault, not Go's. */
class Refused extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super("refused", { cause });
  }
}

/** @param {import("./frame.mjs").Frame} frame */
export function leave(frame) {
  const { instance, object } = frame;
  if (instance.exited) instance.die(instance.exited, frame.env);
  if (instance.dead) {
    frame.fail(instance.dead);
    frame.disarm();
    return;
  }
  instance.console.release();
  if (frame.over) frame.close();
  else if (!frame.weak) frame.open();
  arm(frame);
  if (object && object.resetWanted) object.reset();
}

/**
 * Makes the import object of module "lattice" for an instance.
 * @param {import("./instance.mjs").Instance} instance
 */
export function latticeImports(instance) {
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
        if (operation(/** @type {import("./frame.mjs").Frame} */ (frame), reader, w, id, instance, frameID >>> 0) === PENDING) return PENDING;
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
    },
  };
}
