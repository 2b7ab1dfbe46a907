// How a case's answer becomes JSON: every type stays visible. app/show.go is the twin.

/** Values as JSON; what JSON cannot say is an object whose key starts with $. */
export function show(v) {
	if (v === undefined || v === null) return null;
	switch (typeof v) {
		case "number":
			if (Object.is(v, -0)) return { $number: "-0" };
			return Number.isFinite(v) ? v : { $number: String(v) };
		case "bigint":
			return { $bigint: String(v) };
		case "object":
			break;
		default:
			return v;
	}
	if (v instanceof Date) return { $date: v.getTime() };
	if (v instanceof ArrayBuffer) return showBytes(new Uint8Array(v));
	if (v instanceof Uint8Array) return showBytes(v);
	if (v instanceof Error) return { $error: showError(v) };
	if (v instanceof Map) return Object.fromEntries([...v].map(([k, x]) => [k, show(x)]));
	if (Array.isArray(v)) return v.map(show);
	return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, show(x)]));
}

function showBytes(b) {
	if (b.length > 64) return { $bytes: `${b.length} bytes, sum ${b.reduce((s, x) => (s * 31 + x) >>> 0, 7)}` };
	return { $bytes: [...b].map((x) => x.toString(16).padStart(2, "0")).join("") };
}

/** Errors as callers see them: name, message and own properties. */
export function showError(e) {
	if (!(e instanceof Error)) return { thrown: show(e) };
	const props = {};
	for (const k of Object.keys(e).sort()) if (k !== "stack" && k !== "name" && k !== "message") props[k] = show(e[k]);
	return { name: e.name, message: e.message, ...props };
}

/** The outcome of f: its value, or the error it failed with. */
export async function attempt(f) {
	try {
		return show(await f());
	} catch (e) {
		return { error: showError(e) };
	}
}

/** Like attempt, for code that must not yield. */
export function attemptSync(f) {
	try {
		return show(f());
	} catch (e) {
		return { error: showError(e) };
	}
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const bytes = (...b) => new Uint8Array(b);
export const pattern = (n) => Uint8Array.from({ length: n }, (_, i) => (i * 7 + (i >> 8)) & 255);
