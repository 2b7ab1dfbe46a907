// The entry around the built Worker in shim_test: /js/<object>/<method>?args=[…] calls an object by native RPC, as a
// JavaScript Worker does, and answers with the result or with what its error carries.
import worker from "./worker.mjs";
export * from "./worker.mjs";

const record = { name: "n", bytes: new Uint8Array([1, 2, 3]), when: new Date(5), list: [1.5, 2], extra: { a: [1, null, true, "é"] } };

async function call(url, env) {
  const [, , name, method] = url.pathname.split("/").map(decodeURIComponent);
  const object = env.BOX.getByName(name);
  try {
    if (method === "echo") {
      const r = await object.echo(record);
      return Response.json([r.name, r.bytes instanceof Uint8Array && [...r.bytes], r.when instanceof Date && r.when.getTime(), r.list, r.extra]);
    }
    const result = await object[method](...JSON.parse(url.searchParams.get("args") ?? "[]"));
    return new Response(JSON.stringify(result) ?? "undefined");
  } catch (e) {
    const { durableObjectId, ...own } = e;
    return Response.json({ class: e.constructor.name, name: e.name, message: e.message, own }, { status: 500 });
  }
}

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    if (url.pathname.startsWith("/js/")) return call(url, env);
    try {
      return await worker.fetch(request, env, ctx);
    } catch (e) {
      return new Response(`${e.name}: ${e.message}`, { status: 500 });
    }
  },
};
