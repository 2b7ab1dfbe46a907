// Facets: objects inside of the object whose event runs, through ctx.facets.

import { Op } from "./abi.mjs";
import { exportOf } from "./namespace.mjs";

/** @param {import("./frame.mjs").Frame} frame */
function facetsOf(frame) {
  if (!frame.object) throw new Error("facets belong to Durable Objects, and this is an event of the Worker");
  return frame.object.ctx.facets;
}

/** Reads a Facet and returns its JavaScript stub; the facet starts with the first call. @param {import("./frame.mjs").Frame} frame @param {import("./abi.mjs").Reader} r */
export function readFacet(frame, r) {
  const name = r.str();
  const className = r.str();
  const id = r.optStr();
  const props = r.value();
  return facetsOf(frame).get(name, () => {
    const found = exportOf(frame, className);
    return { class: Object.keys(props ?? {}).length > 0 ? found({ props }) : found, id };
  });
}

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const facetOperations = {
  [Op.FACET](frame, r) {
    const how = r.u8();
    const name = r.str();
    const text = r.str();
    const facets = facetsOf(frame);
    if (how === 0) facets.abort(name, new Error(text));
    else if (how === 1) facets.delete(name);
    else if (how === 2) facets.clone(name, text);
    else r.fail(`unknown operation ${how} on a facet`);
  },
};
