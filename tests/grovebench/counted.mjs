// Stands between workerd and the module that is measured: it counts the calls of D1 that the Worker and its objects really make, and lets the
// benchmark fill the database and call objects. It is no part of what is deployed.
import worker from "./worker.mjs";

const counts = { writes: 0, content: 0, reads: 0 };

/** One call of D1, of one statement or of a batch. What reads posts is content, which has to come from somewhere. */
function note(...statements) {
  const text = statements.join("\n");
  counts[/\b(INSERT|UPDATE|DELETE)\b/.test(text) ? "writes" : text.includes("FROM posts") ? "content" : "reads"]++;
}

class Statement {
  constructor(inner, sql) { this.inner = inner; this.sql = sql; }
  bind(...values) { return new Statement(this.inner.bind(...values), this.sql); }
  run() { note(this.sql); return this.inner.run(); }
  raw(options) { note(this.sql); return this.inner.raw(options); }
}

class D1Database { // the shim knows bindings by the names of their classes
  constructor(inner) { this.inner = inner; }
  prepare(sql) { return new Statement(this.inner.prepare(sql), sql); }
  batch(list) { note(...list.map((s) => s.sql)); return this.inner.batch(list.map((s) => s.inner)); }
}

const known = new WeakMap();

export function counted(env) {
  if (!known.has(env)) known.set(env, { ...env, DB: new D1Database(env.DB) });
  return known.get(env);
}

async function bench(path, request, env) {
  if (path === "counts") {
    const now = { ...counts };
    counts.writes = counts.content = counts.reads = 0;
    return now;
  }
  const asked = await request.json();
  if (path === "sql") return (await env.DB.prepare(asked.sql).run()).results;
  return (await env[asked.binding].getByName(asked.name)[asked.method](...asked.args)) ?? null;
}

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith("/__bench/")) return worker.fetch(request, counted(env), ctx);
    try {
      return Response.json(await bench(pathname.slice(9), request, env));
    } catch (e) {
      return new Response(String(e), { status: 500 });
    }
  },
  queue: (batch, env, ctx) => worker.queue?.(batch, counted(env), ctx),
};
