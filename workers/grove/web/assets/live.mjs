// A WebSocket that comes back: after a loss it connects again, later each time and at once when the network is back. Its owner hears of messages, and of
// whether it is open.

/**
 * @typedef {object} Listener
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
  let away = false;

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
      if (away) return;
      if (code === 4429) wait = 60_000;
      timer = setTimeout(open, wait * (0.5 + Math.random()));
      wait = Math.min(wait * 2, 30_000);
    };
  }
  /**
   * Asks whether the other side is there, which answers without waking anything. It keeps what is between from closing a quiet connection; one from which
   * nothing comes any more is given up.
   */
  const ping = () => {
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (Date.now() - heard > 90_000) socket.close(4000, "nothing was heard");
    else socket.send("ping");
  };
  const now = () => {
    if (timer !== undefined) open();
  };
  // A page that is left may stay in the browser's cache with its connection: whoever is there would be counted for somebody who is not.
  addEventListener("pagehide", () => {
    away = true;
    clearTimeout(timer);
    timer = undefined;
    socket?.close(1000, "left");
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    away = false;
    if (socket === undefined || socket.readyState > WebSocket.OPEN) open();
  });
  addEventListener("online", now);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && now());
  open();
  setInterval(ping, 30_000);
  return {
    /** Sends a message, and reports whether there was a connection to send it on. @param {object} message */
    send(message) {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
  };
}
