// Environment: variables, secrets and the kinds of the bindings.

import { Op, Writer } from "./abi.mjs";

/** @type {Record<string, string>} kinds by the class that the runtime gives a binding */
const kinds = {
  DurableObjectNamespace: "namespace", D1Database: "d1", Fetcher: "fetcher", ServiceStub: "fetcher", LoopbackServiceStub: "fetcher",
  KvNamespace: "kv", KVNamespace: "kv", R2Bucket: "r2", WorkerQueue: "queue", Queue: "queue",
  RateLimit: "ratelimit", Ratelimit: "ratelimit", AnalyticsEngine: "analytics", AnalyticsEngineDataset: "analytics", LocalAnalyticsEngineDataset: "analytics",
};

/** The kind of a binding whose class has another name. @param {any} v */
function kindByMethod(v) {
  if (typeof v.writeDataPoint === "function") return "analytics";
  return typeof v.limit === "function" ? "ratelimit" : "unknown";
}

/** @param {any} v */
function describe(v) {
  if (typeof v === "string") return { kind: "text", value: v };
  const name = Object.getPrototypeOf(Object(v))?.constructor?.name ?? "Object";
  if (v === null || typeof v !== "object" || name === "Object" || name === "Array") return { kind: "json", value: JSON.stringify(v) ?? "null" };
  return { kind: kinds[name] ?? kindByMethod(v), class: name };
}

/** @type {WeakMap<object, Uint8Array>} */
const encoded = new WeakMap();

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const envOperations = {
  [Op.ENV](frame, r, w) {
    let bytes = encoded.get(frame.env);
    if (!bytes) {
      const own = new Writer();
      own.value(Object.fromEntries(Object.keys(frame.env).map((name) => [name, describe(frame.env[name])])));
      bytes = own.bytes().slice();
      encoded.set(frame.env, bytes);
    }
    w.raw(bytes);
  },
  [Op.PROPS](frame, r, w) {
    w.value(frame.ctx?.props ?? {});
  },
};

/** Looks a binding up. @param {import("./frame.mjs").Frame} frame @param {string} name @param {string} what */
export function binding(frame, name, what) {
  const found = frame.env?.[name];
  if (found === undefined || typeof found !== "object") {
    throw new TypeError(`there is no ${what} binding named ${JSON.stringify(name)}: add it to the Wrangler configuration`);
  }
  return found;
}
