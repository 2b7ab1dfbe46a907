// The Cache API: responses by the URL of a request.

import { Op } from "./abi.mjs";
import { readRequest, readResponse, received, writeResponse } from "./http.mjs";

const MATCH = 0;
const PUT = 1;

/** @param {string} name @returns {Promise<any>} */
const opened = async (name) => (name === "" ? caches.default : caches.open(name));

/** @param {any} cache @param {Request} request @param {Response} response */
async function put(cache, request, response) {
  try {
    await cache.put(request, response);
  } finally {
    if (response.body && !response.bodyUsed) response.body.cancel().catch(() => {}); // Go still writes what is not kept
  }
}

/** @param {any} cache @param {Request} request @param {object} options */
async function match(cache, request, options) {
  const response = await cache.match(request, options);
  return response ? received(response) : null;
}

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const cacheOperations = {
  [Op.CACHE](frame, r, w, id) {
    const cache = opened(r.str());
    const what = r.u8();
    const options = { ignoreMethod: r.bool() };
    const { url, init } = readRequest(frame, r);
    const response = what === PUT ? readResponse(frame, r) : undefined;
    const request = cache.then(() => new Request(url, /** @type {any} */ (init)));
    if (response) return frame.complete(id, request.then(async (q) => put(await cache, q, response)), () => {});
    if (what === MATCH) {
      return frame.complete(id, request.then(async (q) => match(await cache, q, options)), (w, found, frame) => {
        w.bool(found !== null);
        if (found) writeResponse(w, found, frame);
      });
    }
    return frame.complete(id, request.then(async (q) => (await cache).delete(q, options)), (w, had) => w.bool(had));
  },
};
