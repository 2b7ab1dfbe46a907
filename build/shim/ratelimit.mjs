// Rate limiting: one count under one key.

import { Op } from "./abi.mjs";
import { binding } from "./env.mjs";

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const rateLimitOperations = {
  [Op.RATE_LIMIT](frame, r, w, id) {
    const limiter = binding(frame, r.str(), "rate limiting");
    const key = r.str();
    const delta = r.f64();
    const counted = limiter.limit(delta === 1 ? { key } : { key, delta });
    return frame.complete(id, counted, (/** @type {import("./abi.mjs").Writer} */ w, /** @type {{success: boolean}} */ { success }) => w.bool(success));
  },
};
