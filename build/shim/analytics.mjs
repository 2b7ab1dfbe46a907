// Analytics Engine: data points, which nobody waits for.

import { Op } from "./abi.mjs";
import { binding } from "./env.mjs";

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const analyticsOperations = {
  [Op.DATA_POINT](frame, r) {
    binding(frame, r.str(), "Analytics Engine").writeDataPoint(r.value());
  },
};
