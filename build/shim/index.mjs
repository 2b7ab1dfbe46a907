// The shim: runs one Go instance for each isolate on workerd and answers the operations of docs/abi.md. The bundle of a
// build calls createRuntime with its module, and exports what it gives: the Worker and a class for each Go class.

import { Event, Start } from "./abi.mjs";
import { enter } from "./enter.mjs";
import { Frame } from "./frame.mjs";
import { answerFetch } from "./http.mjs";
import { Instance } from "./instance.mjs";
import { objectClass } from "./object.mjs";
import { consume } from "./queues.mjs";

/** Runtime boots the Go instance of the isolate, and another one after that has died. */
export class Runtime {
  /** @param {WebAssembly.Module} module */
  constructor(module) {
    this.module = module;
    /** @type {Instance | null} */
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
}

/** @param {import("./abi.mjs").Writer} w @param {number} object @param {any} controller */
function startScheduled(w, object, controller) {
  w.u8(Event.START);
  w.u8(Start.SCHEDULED);
  w.uint(object);
  w.str(controller.cron ?? "");
  w.f64(Number(controller.scheduledTime));
}

/**
 * @param {WebAssembly.Module} module the Go module
 * @param {{fetch?: boolean, scheduled?: boolean, queue?: boolean}} handlers what its Worker handles
 */
export function createRuntime(module, handlers) {
  const runtime = new Runtime(module);
  const event = (/** @type {any} */ env, /** @type {any} */ ctx, /** @type {any} */ controller = null) => ({
    start(/** @type {any} */ encode, /** @type {any} */ a, /** @type {any} */ b) {
      const frame = new Frame(runtime.instance(), null, ctx, env);
      frame.controller = controller;
      enter(frame, encode, 0, a, b, frame);
      return frame.result();
    },
  });
  /** @type {Record<string, Function>} */
  const worker = {};
  if (handlers.fetch) {
    worker.fetch = (/** @type {Request} */ request, /** @type {any} */ env, /** @type {any} */ ctx) => answerFetch(event(env, ctx), request);
  }
  if (handlers.scheduled) {
    worker.scheduled = async (/** @type {any} */ controller, /** @type {any} */ env, /** @type {any} */ ctx) => {
      await event(env, ctx, controller).start(startScheduled, controller, null);
    };
  }
  if (handlers.queue) {
    worker.queue = (/** @type {any} */ batch, /** @type {any} */ env, /** @type {any} */ ctx) => consume(event(env, ctx), batch);
  }
  return {
    runtime,
    worker,
    /** @param {string} name @param {{fetch?: boolean, alarm?: boolean, webSocketMessage?: boolean, webSocketClose?: boolean, webSocketError?: boolean, methods?: string[]}} shape */
    objectClass: (name, shape) => objectClass(runtime, name, shape),
  };
}
