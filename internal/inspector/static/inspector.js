// The live part of a page: when the server says that something of a kind has changed which the page shows, the page is fetched anew and its parts take the
// place of the old ones. A part that is in use stays as it is, so that nothing moves under a hand. Without this script the pages work, and stand still.
const kinds = document.body.dataset.live.split(" ").filter(Boolean);
const status = document.querySelector("#status");

// A part is in use when it has the focus, when something in it is selected, or opened.
function used(part) {
	const selection = getSelection();
	return part.contains(document.activeElement) || part.querySelector("details[open]") || !selection.isCollapsed && selection.containsNode(part, true);
}

async function refresh() {
	const response = await fetch(location.href);
	if (!response.ok) return;
	const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
	renew(fresh.body.dataset.csrf);
	for (const part of document.querySelectorAll("[data-part]")) {
		const next = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
		if (!next || used(part) || part.innerHTML === next.innerHTML) continue;
		const left = [...part.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
		part.innerHTML = next.innerHTML;
		part.querySelectorAll(".scroll").forEach((one, n) => { one.scrollLeft = left[n] ?? 0; });
	}
}

// A server that was started again has another token: forms keep what is written in them, and work.
function renew(csrf) {
	if (csrf === document.body.dataset.csrf) return;
	document.body.dataset.csrf = csrf;
	for (const field of document.querySelectorAll("input[name=csrf]")) field.value = csrf;
}

let running = false, again = false;
async function soon() {
	again = true;
	if (running) return;
	running = true;
	while (again) {
		again = false;
		await refresh().catch(() => {});
	}
	running = false;
}

function connect() {
	const socket = new WebSocket(`ws://${location.host}/live?csrf=${document.body.dataset.csrf}`);
	socket.onopen = () => { status.textContent = "live"; soon(); };
	socket.onmessage = (event) => { if (event.data.split(" ").some((kind) => kinds.includes(kind))) soon(); };
	socket.onclose = () => {
		status.textContent = "not connected: lattice dev does not run";
		setTimeout(async () => {
			await refresh().catch(() => {}); // for the token of the server that runs now
			connect();
		}, 1000);
	};
}
if (kinds.length > 0) connect();

document.querySelector("#sql")?.addEventListener("keydown", (event) => {
	if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form.requestSubmit(document.querySelector("#run-sql"));
});
