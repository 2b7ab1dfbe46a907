// Run by boot_test.go with a Wasm file and an ABI version to pretend: boots it outside of workerd and prints what the first event
// is told.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";

const [, , file, version] = process.argv;
registerHooks({
  resolve: (specifier, context, next) => (specifier === "cloudflare:workers"
    ? { url: "data:text/javascript,export class DurableObject {} export class RpcTarget {}", shortCircuit: true }
    : next(specifier, context)),
  load(url, context, next) {
    const module = next(url, context);
    if (url.endsWith("/abi.mjs")) module.source = String(module.source).replace(/VERSION = \d+;/, `VERSION = ${version};`);
    return module;
  },
});
globalThis.WebSocketPair = class {
  0 = { readyState: 1 };
};
console.error = () => {};

const { createRuntime } = await import("../index.mjs");
const unknown = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 17, 1, 4, ...Buffer.from("gojs"), 8, ...Buffer.from("novelty?"), 0, 0];
const module = new WebAssembly.Module(file === "unknown" ? new Uint8Array(unknown) : readFileSync(file));
const { worker } = createRuntime(module, { fetch: true });
try {
  const response = await worker.fetch(new Request("https://x.test/hello"), {}, { waitUntil() {} });
  console.log(await response.text());
} catch (e) {
  console.log(e.message);
}
process.exit(0);
