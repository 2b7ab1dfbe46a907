const status = document.querySelector("#status");

function send(path, text) {
	return fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text }) });
}

async function show() {
	const notes = await (await fetch("/api/notes")).json();
	document.querySelector("#notes").replaceChildren(...notes.map(({ author, text }) => {
		const item = document.createElement("li");
		item.textContent = `${author}: ${text}`;
		return item;
	}));
}

document.querySelector("#write").onsubmit = async (event) => {
	event.preventDefault();
	const form = event.target;
	let response = await send("/api/notes", form.text.value);
	if (response.status === 401) {
		await send("/api/session", prompt("Your name") || "someone");
		response = await send("/api/notes", form.text.value);
	}
	status.textContent = response.ok ? "" : await response.text();
	if (response.ok) form.reset();
	await show();
};
await show();
