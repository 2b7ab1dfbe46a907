// Cases about what happens to what a call passes by reference when nobody gets it. A Go program has no collector to wait for in
// them: JavaScript disposes of what the SDK gives up by itself.
import { sleep } from "./show.mjs";
import { Counter, lines, noting } from "./rpc_stubs.mjs";

export const methods = {
	async lateCounter(begun) {
		await begun("begun");
		return new Counter(5, noting(this));
	},
	badResponse() { return new Response(null, { status: 999 }); },
	bundleTaken() {},
};

const other = (self, name) => self.env.OBJ.getByName(`${name} 2`);

export const object = {
	"rpc disposal/of the result of a call given up": async (self) => {
		const object = other(self, "rpc disposal/of the result of a call given up");
		(await object.lateCounter(() => {}))[Symbol.dispose]();
		return lines(object, 1);
	},
	"rpc disposal/of a result that is not asked for": async (self) => {
		const object = other(self, "rpc disposal/of a result that is not asked for");
		const counter = await object.counter(1);
		(await counter.child(7))[Symbol.dispose]();
		return lines(object, 1);
	},
	"rpc disposal/of a field that is not read": async (self) => {
		const object = other(self, "rpc disposal/of a field that is not read");
		const counter = await object.counter(1);
		const description = await counter.describe();
		description[Symbol.dispose]();
		return [description.n, await lines(object, 1)];
	},
	"rpc disposal/of arguments that cannot be sent": async (self) => {
		const heard = [];
		let failed = false;
		try {
			await other(self, "rpc disposal/of arguments that cannot be sent").bundleTaken({ counter: new Counter(1, (line) => heard.push(line)), channel: Symbol() });
		} catch {
			failed = true;
		}
		for (let i = 0; heard.length === 0 && i < 200; i++) await sleep(5);
		return [failed, heard];
	},
	"rpc value/response that cannot be": (self) => other(self, "rpc value/response that cannot be").badResponse().then(() => false, () => true),
};
