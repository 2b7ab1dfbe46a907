const messages = document.querySelector("#messages");
const status = document.querySelector("#status");
const join = document.querySelector("#join");
const say = document.querySelector("#say");
let socket;

join.onsubmit = (event) => {
	event.preventDefault();
	enter(join.elements.name.value);
};

say.onsubmit = (event) => {
	event.preventDefault();
	if (socket.readyState !== WebSocket.OPEN) return;
	socket.send(say.elements.text.value);
	say.reset();
};

// enter shows the room to someone, whom a page that is loaded again remembers.
function enter(name) {
	sessionStorage.setItem("name", name);
	join.hidden = true;
	say.hidden = false;
	say.elements.text.focus();
	connect(name);
}

function connect(name) {
	socket = new WebSocket("/rooms/lobby?name=" + encodeURIComponent(name));
	socket.onopen = () => {
		status.textContent = "";
		messages.replaceChildren(); // the room sends what was said
	};
	socket.onmessage = (event) => show(JSON.parse(event.data));
	socket.onclose = () => {
		status.textContent = "Reconnecting…";
		setTimeout(connect, 1000, name);
	};
}

// show writes a message as text: what people say is never markup.
function show({ from, text, sent }) {
	const item = document.createElement("li");
	const name = document.createElement("b");
	const time = document.createElement("time");
	name.textContent = from;
	time.textContent = new Date(sent).toLocaleTimeString([], { timeStyle: "short" });
	item.append(time, name, text);
	messages.append(item);
	item.scrollIntoView();
}

const known = sessionStorage.getItem("name");
if (known) enter(known);
