// What the modules of the admin panel share: the pages' common parts, and requests to the site's API.
import { send } from "./page.mjs";

export * from "./page.mjs";

/**
 * Asks the API. Nothing that is written is lost when the session has ended, for editors keep it locally.
 * @param {string} method
 * @param {string} path below /api/admin
 * @param {object | Blob} [body]
 */
export const ask = (method, path, body) => send(method, "/api/admin" + path, body);
