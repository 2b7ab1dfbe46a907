// Namespaces of Durable Objects: bindings and those of ctx.exports, their jurisdictions, and the options of stubs.

import { binding } from "./env.mjs";

const exported = "exports:";

/** The class or entrypoint of the Worker itself that ctx.exports has under a name. @param {import("./frame.mjs").Frame} frame @param {string} name */
export function exportOf(frame, name) {
  const exports = frame.ctx?.exports;
  if (!exports) throw new TypeError("there is no ctx.exports: take the compatibility flag disable_ctx_exports out of the Wrangler configuration");
  const found = Object.hasOwn(exports, name) ? exports[name] : undefined;
  if (found === undefined) throw new TypeError(`the Worker exports nothing called ${JSON.stringify(name)}`);
  return found;
}

/** What to add for a service that is not bound. @param {string} name */
function unboundService(name) {
  if (name === "ASSETS") {
    return 'there is no assets binding "ASSETS": add to wrangler.toml:\n[assets]\ndirectory = "public"\nbinding = "ASSETS"\nor to wrangler.jsonc:\n"assets": { "directory": "public", "binding": "ASSETS" }';
  }
  const quoted = JSON.stringify(name);
  return `there is no service binding ${quoted}: add to wrangler.toml:\n[[services]]\nbinding = ${quoted}\nservice = "its-worker"\nor to wrangler.jsonc:\n"services": [{ "binding": ${quoted}, "service": "its-worker" }]`;
}

/** Looks up what a request calls a service: a binding, or an export of the Worker itself. @param {import("./frame.mjs").Frame} frame @param {string} name */
export function serviceOf(frame, name) {
  if (name.startsWith(exported)) return exportOf(frame, name.slice(exported.length));
  if (frame.env?.[name] === undefined) throw new TypeError(unboundService(name));
  return binding(frame, name, "service");
}

/** @param {import("./frame.mjs").Frame} frame @param {string} name of the binding, or exports: and a class @param {string} jurisdiction or nothing */
export function namespaceOf(frame, name, jurisdiction) {
  let namespace;
  if (name.startsWith(exported)) {
    const className = name.slice(exported.length);
    namespace = exportOf(frame, className);
    if (typeof namespace.idFromName !== "function") {
      throw new TypeError(`class ${className} has no namespace: add it to new_sqlite_classes under [[migrations]] in the Wrangler configuration`);
    }
  } else {
    namespace = binding(frame, name, "Durable Object");
  }
  return jurisdiction ? namespace.jurisdiction(jurisdiction) : namespace;
}

/** Reads the options of a Stub, as namespace.get takes them, and its jurisdiction. @param {import("./abi.mjs").Reader} r */
export function readStubOptions(r) {
  if (!r.bool()) return { jurisdiction: "", options: undefined };
  const jurisdiction = r.str();
  const locationHint = r.str() || undefined;
  const routingMode = r.str() || undefined;
  const maxRetries = r.bool() ? r.f64() : undefined;
  const timeoutMs = r.bool() ? r.f64() : undefined;
  const retry = maxRetries === undefined && timeoutMs === undefined ? undefined : { maxRetries, timeoutMs };
  return { jurisdiction, options: { locationHint, routingMode, retry } };
}
