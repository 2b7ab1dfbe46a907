// Workers KV: methods of namespaces by name, with values beside their arguments. Metadata crosses as JSON text.

import { Op } from "./abi.mjs";
import { binding } from "./env.mjs";
import { readBody, writeBody } from "./http.mjs";

/** @typedef {{result: any, value?: ReadableStream | null, small: Uint8Array | null | undefined}} Answer */

/** @param {any} metadata */
const written = (metadata) => (metadata === null || metadata === undefined ? null : JSON.stringify(metadata));

/** Keys that are array indices, which workerd leaves out of what it reads at once (api/kv.c++, getBulk). */
const index = /^(0|[1-9][0-9]{0,9})$/;

/** @type {Record<string, (kv: any, args: any[], body: any) => Promise<Answer>>} */
const methods = {
  async get(kv, [key, options, stream]) {
    const { value, metadata } = await kv.getWithMetadata(key, { ...options, type: stream ? "stream" : "arrayBuffer" });
    if (value === null) return { result: null, small: null };
    const result = { metadata: written(metadata) };
    return stream ? { result, value, small: undefined } : { result, small: new Uint8Array(value) };
  },
  async getMany(kv, [keys, options]) {
    const result = [];
    const found = await kv.getWithMetadata(keys, options);
    for (const key of keys) {
      if (index.test(key) && !found.has(key)) found.set(key, await kv.getWithMetadata(key, options));
    }
    for (const [key, entry] of found) {
      if (entry) result.push({ key, value: entry.value, metadata: written(entry.metadata) });
    }
    return { result, small: null };
  },
  async put(kv, [key, { metadata, ...options }], body) {
    if (metadata !== undefined) options.metadata = JSON.parse(metadata);
    await kv.put(key, body, options);
    return { result: null, small: null };
  },
  async delete(kv, [key]) {
    await kv.delete(key);
    return { result: null, small: null };
  },
  async list(kv, [options]) {
    const { keys, list_complete: complete, cursor } = await kv.list(options);
    const described = keys.map((/** @type {any} */ k) => ({ name: k.name, expiration: k.expiration ?? null, metadata: written(k.metadata) }));
    return { result: { keys: described, complete, cursor: cursor ?? null }, small: null };
  },
};

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const kvOperations = {
  [Op.WORKERS_KV](frame, r, w, id) {
    const kv = binding(frame, r.str(), "KV");
    const name = r.str();
    const args = r.values();
    const body = readBody(frame, r);
    if (!Object.hasOwn(methods, name)) r.fail(`unknown method of KV ${name}`);
    return frame.complete(id, methods[name](kv, args, body), (w, { result, value, small }, frame) => {
      w.value(result);
      writeBody(w, { body: value }, small, frame, -1);
    });
  },
};
