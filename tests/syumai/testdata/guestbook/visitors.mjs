import worker from "./build/worker.mjs";

/** Counts who came, as the library has classes: in JavaScript. */
export class Visitors {
	constructor(state) {
		this.storage = state.storage;
	}
	async fetch(request) {
		const n = ((await this.storage.get("n")) ?? 0) + 1;
		await this.storage.put("n", n);
		return new Response(`${request.method}: visitor ${n}\n`);
	}
}

export default worker;
