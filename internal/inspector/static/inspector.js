// The live part of a page: when the server says that something of a kind has changed which the page shows, the page is fetched anew and its parts take the
// place of the old ones. A part that has the focus stays as it is, so that nothing moves under a hand. Without this script the pages work, and stand still.
const kinds = document.body.dataset.live.split(" ").filter(Boolean);
const status = document.querySelector("#status");

async function refresh() {
	const response = await fetch(location.href);
	if (!response.ok) return;
	const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
	for (const part of document.querySelectorAll("[data-part]")) {
		const next = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
		if (next && !part.contains(document.activeElement) && part.innerHTML !== next.innerHTML) part.innerHTML = next.innerHTML;
	}
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
	socket.onclose = () => { status.textContent = "not connected: load the page again when lattice dev runs"; };
}
if (kinds.length > 0) connect();
