// Cases about what queues refuse, how bodies arrive, and what a consumer says of its messages. Compared on 2026-11-28 with the broker of miniflare 5.20261117.0.
import { attempt, show, sleep } from "./show.mjs";

const refused = (send) => (c) => attempt(async () => { await send(c.env.QUEUE); });
const many = (n, body) => Array.from({ length: n }, () => ({ body, contentType: "text" }));
const delayed = (...all) => refused(async (q) => { for (const delaySeconds of all) await q.send("unread|", { delaySeconds }); });

/** Sends one batch of a body in each of the content types, and waits for what arrives. */
const bodies = (...list) => (c) => consumed(c, list.length, (q) => q.sendBatch(list.map(([contentType, body], n) => (
	{ contentType, body: contentType === "bytes" ? body : contentType === "text" ? `${c.name}|${n}|${body}` : { case: c.name, n, it: body } }))));

/** Sends a batch of messages that say what the consumer does, to a queue of the case's own: what is said of a batch is said of all that is in it. */
const told = (queue, count, ...list) => (c) => consumed(c, count, (_, env) => env[queue].sendBatch(list.map((message, n) => ({ body: { case: c.name, n, ...message } }))));

/** Is told, and waits for a delivery that should not come. */
const settled = (queue, count, ...list) => (c) => consumed({ ...c, calm: 1300 }, count, (_, env) => env[queue].sendBatch(list.map((message, n) => ({ body: { case: c.name, n, ...message } }))));

export const worker = {
	"queue refusal/nothing in a batch": refused((q) => q.sendBatch([])),
	"queue refusal/unknown content type": refused((q) => q.send("x", { contentType: "xml" })),
	"queue refusal/text that is a number": refused((q) => q.send(7, { contentType: "text" })),
	"queue refusal/text that is an object": refused((q) => q.sendBatch([{ body: "unread|", contentType: "text" }, { body: {}, contentType: "text" }])),
	"queue refusal/bytes that are text": refused((q) => q.send("x", { contentType: "bytes" })),
	"queue refusal/bytes that are a list": refused((q) => q.send([1, 2], { contentType: "bytes" })),
	"queue refusal/JSON of a big integer": refused((q) => q.send({ n: 1n }, { contentType: "json" })),
	"queue refusal/V8 of a function": refused((q) => q.send({ f: () => 1 }, { contentType: "v8" })),
	"queue refusal/delay below zero": delayed(-1),
	"queue refusal/delay over a day": delayed(86401),
	"queue refusal/batch with a delay over a day": refused((q) => q.sendBatch([{ body: "unread|" }, { body: "unread|", delaySeconds: 86401 }])),
	"queue refusal/longest delay": delayed(86400, 86399.5),
	"queue refusal/text of 128,000 bytes": refused((q) => q.send("unread|" + "x".repeat(127_993), { contentType: "text" })),
	"queue refusal/text of 128,001 bytes": refused((q) => q.send("unread|" + "x".repeat(127_994), { contentType: "text" })),
	"queue refusal/text of few characters and many bytes": refused((q) => q.send("unread|" + "ß".repeat(63_997), { contentType: "text" })),
	"queue refusal/bytes of 128,001": refused((q) => q.send(new Uint8Array(128_001), { contentType: "bytes" })),
	"queue refusal/JSON counts its quotes": refused((q) => q.send("x".repeat(127_999), { contentType: "json" })),
	"queue refusal/too large in a batch": refused((q) => q.sendBatch([{ body: "unread|" }, { body: "x".repeat(128_001), contentType: "text" }])),
	"queue refusal/100 messages": refused((q) => q.sendBatch(many(100, "unread|"))),
	"queue refusal/101 messages": refused((q) => q.sendBatch(many(101, "unread|"))),
	"queue refusal/batch of 256,000 bytes": refused((q) => q.sendBatch(many(4, "unread|" + "x".repeat(63_993)))),
	"queue refusal/batch of 288,004 bytes": refused((q) => q.sendBatch(many(4, "unread|" + "x".repeat(71_994)))),
	"queue refusal/none is sent": (c) => consumed(c, 1, async (q) => {
		try { await q.sendBatch([{ body: { case: c.name, n: 1 }, contentType: "json" }, { body: 7, contentType: "text" }]); } catch { /* as it should */ }
		await q.send({ case: c.name, n: 2 });
	}),

	"queue body/JSON": bodies(["json", null], ["json", "ß💥\u2028"], ["json", [1, -0.5, 1e300, true, null]], ["json", { a: { b: [] } }], ["json", 9007199254740993]),
	"queue body/JSON of what it cannot hold": bodies(["json", new Date(5000)], ["json", NaN], ["json", { gone: undefined }]),
	"queue body/text": bodies(["text", ""], ["text", "ß💥\n"], ["text", "{}"]),
	"queue body/V8": bodies(["v8", new Date(5000)], ["v8", 2n ** 70n], ["v8", new Uint8Array([0, 255])], ["v8", new Map([["k", new Date(1)]])], ["v8", [undefined, null]], ["v8", NaN], ["v8", -0]),
	"queue body/by itself": (c) => consumed(c, 1, (q) => q.send(`${c.name}|0|`)),

	"queue verdict/acknowledged or not said": told("Q0", 3, {}, { do: ["ack"] }, { do: [] }),
	"queue verdict/retried once of several": told("Q1", 3, {}, { do: ["retry"] }),
	"queue verdict/what is said first counts": told("Q2", 3, { do: ["ack", "retry"] }, { do: ["retry", "ack"] }),
	"queue verdict/retry all": told("Q3", 4, {}, { do: ["retry all"] }),
	"queue verdict/acknowledged, then retry all": told("Q4", 3, { do: ["ack"] }, { do: ["retry all"] }),
	"queue verdict/retried, then acknowledge all": told("Q5", 3, { do: ["retry"] }, { do: ["ack all"] }),
	"queue verdict/acknowledge all, then retry all": settled("Q6", 2, { do: ["ack all"] }, { do: ["retry all"] }),
	"queue verdict/retry all, then acknowledge all": told("Q7", 4, { do: ["retry all"] }, { do: ["ack all"] }),
	"queue verdict/thrown after acknowledging": told("Q8", 3, { do: ["ack"] }, { do: ["throw"] }),
	"queue verdict/thrown after acknowledging all": settled("Q9", 2, { do: ["ack all"] }, { do: ["throw"] }),
	"queue verdict/retried with a delay": told("Q10", 3, {}, { do: ["retry later"] }),
	"queue verdict/dead letter of one of two": told("Q11", 5, { do: ["retry"], always: true }, {}),
	"queue verdict/dead letters that fail are dropped": told("Q12", 6, { do: ["retry"], always: true, dead: true }),
};

/** Sends, and waits until the consumer has noted that many deliveries of the case, and a moment for more than there should be. */
async function consumed(c, count, send) {
	await send(c.env.QUEUE, c.env);
	const noted = () => c.env.OBJ.getByName("queue " + c.name).run({ name: "queue/notes" });
	for (let i = 0; i < 200 && (await noted()).length < count; i++) await sleep(50);
	await sleep(c.calm ?? 100);
	const first = {};
	const notes = (await noted()).map(({ id, ...note }) => ({ ...note, same: (first[note.n] ??= id) === id }));
	return notes.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

const order = (note) => `${note.queue} ${note.attempts} ${note.n}`;

/** Whether the case with that name is one of these. */
const mine = (of) => /^queue (refusal|body|verdict)\//.test(of);

/** Notes the messages of these cases, and does what they say. Returns the messages of other cases; some are read by nobody. */
export async function deliver(batch, env) {
	const others = [], said = [];
	for (const m of batch.messages) {
		const b = m.body, text = typeof b === "string", of = text ? b.split("|")[0] : b?.case;
		if (of === "unread") m.ack();
		else if (!mine(of)) others.push(m);
		else {
			const note = { queue: batch.queue, attempts: m.attempts, n: text ? Number(b.split("|")[1]) : b.n, it: show(text ? b : b.it), id: `${m.id} ${m.timestamp.getTime()}` };
			await env.OBJ.getByName("queue " + of).run({ name: "queue/note", arg: note });
			if (b.always && (batch.queue !== "dead" || b.dead) || m.attempts === 1 && batch.queue !== "dead") said.push([m, b.do ?? []]);
		}
	}
	for (const [m, verbs] of said) {
		for (const verb of verbs) {
			if (verb === "ack") m.ack();
			else if (verb === "retry") m.retry();
			else if (verb === "retry later") m.retry({ delaySeconds: 1 });
			else if (verb === "ack all") batch.ackAll();
			else if (verb === "retry all") batch.retryAll();
			else throw new Error("the consumer failed");
		}
	}
	return others;
}
