// A WebSocket that comes back: after a loss it connects again, later each time and at once when the network is back. Its owner hears of messages, and of
// whether it is open.

/**
 * @typedef {object} Listener
 * @property {boolean} [ping] asks every half minute whether the other side is there, which answers without waking up
 * @property {(message: any) => void} message
 * @property {() => void} [open]
 * @property {() => void} [lost] it is closed for now
 * @property {(code: number) => void} ended it will not come back: 4401 signed out, 4403 not allowed
 */

/**
 * Connects to a path of this host.
 * @param {string} path
 * @param {Listener} listener
 */
export function connect(path, listener) {
  /** @type {WebSocket | undefined} */
  let socket;
  let wait = 1000;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let heard = Date.now();

  function open() {
    clearTimeout(timer);
    timer = undefined;
    const ws = new WebSocket(location.origin.replace(/^http/, "ws") + path);
    socket = ws;
    heard = Date.now();
    ws.onopen = () => listener.open?.();
    ws.onmessage = (event) => {
      heard = Date.now();
      if (event.data === "pong") return;
      wait = 1000; // it does not only open, it answers
      listener.message(JSON.parse(event.data));
    };
    ws.onclose = ({ code }) => {
      if (socket !== ws) return;
      socket = undefined;
      if (code === 4401 || code === 4403) return listener.ended(code);
      listener.lost?.();
      if (code === 4429) wait = 60_000;
      timer = setTimeout(open, wait * (0.5 + Math.random()));
      wait = Math.min(wait * 2, 30_000);
    };
  }
  /** Gives a connection up from which nothing comes any more, and does not wait until the network says so. */
  const ping = () => {
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (Date.now() - heard > 90_000) socket.close(4000, "nothing was heard");
    else socket.send("ping");
  };
  if (listener.ping) setInterval(ping, 30_000);
  const now = () => {
    if (timer !== undefined) open();
  };
  addEventListener("online", now);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && now());
  open();
  // The host answers without waking anything. It keeps what is between from closing a quiet connection.
  setInterval(() => socket?.readyState === WebSocket.OPEN && socket.send("ping"), 45_000);
  return {
    /** Sends a message, and reports whether there was a connection to send it on. @param {object} message */
    send(message) {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
  };
}
