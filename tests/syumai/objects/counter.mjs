import worker from "./build/worker.mjs";

/** The class of the Worker, as the library has classes: in JavaScript. */
export class Counter {
	constructor(state) {
		this.state = state;
		state.blockConcurrencyWhile(async () => {
			this.n = (await state.storage.get("n")) ?? 0;
		});
	}
	async fetch(request) {
		const { pathname } = new URL(request.url);
		if (pathname === "/store") return new Response(await this.store());
		await this.state.storage.put("n", ++this.n);
		return new Response(`${request.method} ${pathname}: ${this.n}`);
	}
	async store() {
		const { storage } = this.state;
		await storage.deleteAll();
		await storage.put({ b: { x: [1, "two", null] }, a: 1 });
		const all = JSON.stringify([...(await storage.list())]);
		const none = await storage.get("none");
		const some = [...(await storage.get(["b", "none", "a"])).keys()].join();
		const deleted = await storage.delete(["a", "none"]);
		const there = await storage.delete("b");
		await storage.put("b", { x: [1, "two", null] });
		const failed = await storage.transaction(async (txn) => {
			await txn.put("c", 3);
			throw new Error("rolled back");
		}).catch((e) => e.message);
		return `${all} ${none} ${some} ${deleted} ${there} ${failed}: ${JSON.stringify([...(await storage.list())])}`;
	}
}

export default worker;
