// Cases about bookmarks. workerd has no history: the local host does better.
import { attempt } from "./show.mjs";

const form = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$/;

export const object = {
	"bookmark/current": async ({ ctx: { storage } }) => {
		const first = await storage.getCurrentBookmark();
		await storage.put("k", 1);
		const second = await storage.getCurrentBookmark();
		return [form.test(first), form.test(second), first < second];
	},
	"bookmark/for a time": ({ ctx: { storage } }) => attempt(async () => form.test(await storage.getBookmarkForTime(Date.now() - 1000))),
	"bookmark/restore": ({ ctx: { storage } }) => attempt(async () => form.test(await storage.onNextSessionRestoreBookmark(await storage.getCurrentBookmark()))),
};
