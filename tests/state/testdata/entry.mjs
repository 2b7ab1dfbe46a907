// The Worker in Go, whose object also stores what only JavaScript has.
import worker, { Vault as Go } from "./dist/worker.mjs";

export class Vault extends Go {
  async fillFromJavaScript() {
    const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
    const twice = { once: 1 };
    const holes = [1, 2, 3];
    delete holes[1];
    const values = {
      map: new Map([["a", new Set([1, "x"])], [2, { b: [1n, -5n] }]]), date: new Date(1700000000000), invalid: new Date(NaN), regexp: /a+b/gi,
      error: Object.assign(new RangeError("too far", { cause: "why" }), { code: 7 }), views: [bytes, bytes.subarray(2, 4), new Float64Array(bytes.buffer), new DataView(bytes.buffer, 1, 2)],
      buffer: bytes.buffer, boxed: [new Number(3), new String("s"), new Boolean(true)], twice: [twice, twice], holes, undefined: [undefined, null], zero: -0, infinite: -Infinity,
      big: 2n ** 100n, keys: { 2: "two", 1: "one", "-1": "minus", "é": "é" }, text: ["plain", "é", "€", "\u{1F600}", "\ud800"], long: "é€".repeat(1000),
    };
    for (const [key, value] of Object.entries(values)) await this.ctx.storage.put("js " + key, value);
  }

  async putBlob() {
    await this.ctx.storage.put("unreadable", new Blob(["x"]));
  }
}

export default {
  async fetch(request, env, ctx) {
    const asked = new URL(request.url).searchParams;
    if (!asked.has("javascript")) return worker.fetch(request, env, ctx);
    await env.VAULTS.getByName(asked.get("javascript"))[asked.get("call")]();
    return new Response("");
  },
};
