const begin = document.querySelector("#begin");
const write = document.querySelector("#write");
const status = document.querySelector("#status");

// submit sends what is written in a form, and says what is wrong with it.
async function submit(form, path) {
	const response = await fetch(path, {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify({ text: form.elements.text.value }),
	});
	status.textContent = response.ok ? "" : await response.text();
	if (response.ok) form.reset();
	await show();
	setTimeout(show, 2000); // who writes most, which a queue tells a little later
}

begin.onsubmit = (event) => {
	event.preventDefault();
	submit(begin, "/api/session");
};
write.onsubmit = (event) => {
	event.preventDefault();
	submit(write, "/api/notes");
};

// list shows texts, which are never markup.
function list(selector, texts) {
	document.querySelector(selector).replaceChildren(...texts.map((text) => {
		const item = document.createElement("li");
		item.textContent = text;
		return item;
	}));
}

async function show() {
	const [session, notes, activity] = await Promise.all(["/api/session", "/api/notes", "/api/activity"].map(async (path) => (await fetch(path)).json()));
	begin.hidden = session.name !== "";
	write.hidden = !begin.hidden;
	list("#notes", notes.map(({ author, text }) => `${author}: ${text}`));
	list("#activity", activity.map(({ author, notes }) => `${author}: ${notes}`));
}
await show();
