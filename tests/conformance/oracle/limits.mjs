// Cases about rate limiting, version metadata and Analytics Engine.
import { attempt, sleep } from "./show.mjs";

/** Windows begin with the minute: a case does not begin at the end of one. */
const early = async () => { while (new Date().getUTCSeconds() > 50) await sleep(500); };
const key = (c, k = "k") => `${c.name} ${k} ${c.url.search}`;

export const worker = {
	"rate limit/reached": async (c) => { await early(); const out = []; for (let i = 0; i < 5; i++) out.push((await c.env.LIMITER.limit({ key: key(c) })).success); return out; },
	"rate limit/keys are apart": async (c) => { await early(); const out = []; for (const k of ["a", "a", "a", "a", "b"]) out.push((await c.env.LIMITER.limit({ key: key(c, k) })).success); return out; },
	"rate limit/more than one": async (c) => { await early(); const out = []; for (const delta of [2, 5, 1]) out.push((await c.env.LIMITER.limit({ key: key(c), delta })).success); return out; },
	"rate limit/nothing": (c) => attempt(() => c.env.LIMITER.limit({ key: key(c), delta: 0 })),
	"rate limit/less than nothing": (c) => attempt(() => c.env.LIMITER.limit({ key: key(c), delta: -1 })),
	"rate limit/empty key": async (c) => { await early(); return (await c.env.LIMITER.limit({ key: "" })).success; },

	"version metadata/shape": (c) => { const { id, tag, timestamp } = c.env.VERSION; return [/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id), tag, Math.abs(Date.now() - Date.parse(timestamp)) < 600_000]; },
	"version metadata/stays": (c) => c.env.VERSION.id === c.env.VERSION.id,

	"data point/written": (c) => { c.env.POINTS.writeDataPoint({ indexes: ["site"], blobs: ["/path", "DE"], doubles: [1, 2.5] }); return "written"; },
	"data point/of nothing": (c) => { c.env.POINTS.writeDataPoint({}); return "written"; },
};
