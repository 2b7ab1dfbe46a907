const name = prompt("Your name") || "someone";
const messages = document.querySelector("#messages");
const status = document.querySelector("#status");
let socket;

function connect() {
	const url = new URL("/rooms/lobby?name=" + encodeURIComponent(name), location);
	url.protocol = url.protocol.replace("http", "ws");
	socket = new WebSocket(url);
	socket.onopen = () => {
		status.textContent = "";
		messages.replaceChildren(); // the room sends what was said
	};
	socket.onmessage = (event) => {
		const { from, text } = JSON.parse(event.data);
		const item = document.createElement("li");
		item.textContent = `${from}: ${text}`;
		messages.append(item);
	};
	socket.onclose = () => {
		status.textContent = "Reconnecting…";
		setTimeout(connect, 1000);
	};
}

document.querySelector("#say").onsubmit = (event) => {
	event.preventDefault();
	if (socket.readyState !== WebSocket.OPEN) return;
	socket.send(event.target.text.value);
	event.target.reset();
};
connect();
