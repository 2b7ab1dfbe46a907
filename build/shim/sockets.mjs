// WebSockets. Go knows them by numbers. What a socket receives that was accepted with accept() is queued here, in order, until Go
// asks for it; the queue has no limit because the runtime offers no way to make the other end wait. Sockets that hibernate
// have their events delivered as events of the object.

import { Event, Op, Start } from "./abi.mjs";

const text = 0, binary = 1, closed = 2, failed = 3; // kinds of SocketEvent
const acceptHalfOpen = 1, acceptHibernates = 2;
const get = 0, set = 1;

/** @typedef {{kind: number, data?: any, code?: number, reason?: string, wasClean?: boolean, error?: any}} SocketEvent */

/** @type {FinalizationRegistry<{table: WeakRef<Sockets>, number: number}>} */
const collected = new FinalizationRegistry(({ table, number }) => table.deref()?.numbered.delete(number));

/** A socket that Go knows. */
class Socket {
  /** @param {number} number @param {WebSocket} ws */
  constructor(number, ws) {
    this.number = number;
    /** @type {WebSocket | WeakRef<WebSocket>} weak when Go is not expected to use it any more */
    this.held = ws;
    this.listens = false;
    this.ended = false;
    /** @type {SocketEvent[]} */
    this.queue = [];
    /** @type {Array<(e: SocketEvent) => void>} */
    this.waiting = [];
  }

  get ws() {
    const ws = this.held instanceof WeakRef ? this.held.deref() : this.held;
    if (!ws) throw new TypeError("the WebSocket is closed, and was forgotten");
    return ws;
  }

  /** Queues what the socket receives from now on. */
  listen() {
    if (this.listens) return;
    this.listens = true;
    const { ws } = this;
    ws.binaryType = "arraybuffer";
    ws.addEventListener("message", ({ data }) => this.receive(messageEvent(data)));
    ws.addEventListener("close", ({ code, reason, wasClean }) => this.receive({ kind: closed, code, reason, wasClean }));
    ws.addEventListener("error", (e) => this.receive({ kind: failed, error: e.error ?? new Error(e.message || "WebSocket error") }));
  }

  /** @param {SocketEvent} e */
  receive(e) {
    if (this.ended) return;
    this.ended = e.kind >= closed;
    const next = this.waiting.shift();
    if (next) next(e);
    else this.queue.push(e);
  }
}

/** Sockets are those that a scope's frames know. */
export class Sockets {
  constructor() {
    /** @type {Map<number, Socket>} */
    this.numbered = new Map();
    /** @type {WeakMap<WebSocket, Socket>} */
    this.known = new WeakMap();
    this.weak = new WeakRef(this);
  }

  /** @param {number} number */
  find(number) {
    const socket = this.numbered.get(number);
    if (!socket) throw new TypeError("the WebSocket belongs to another object or event, or was given away with a response");
    return socket;
  }

  /** Leaves the socket to the collector: it has ended, or was given away. @param {Socket} socket */
  release(socket) {
    if (socket.held instanceof WeakRef) return;
    collected.register(socket.held, { table: this.weak, number: socket.number });
    socket.held = new WeakRef(socket.held);
  }

  /** Closes what nobody will receive from any more. */
  abandon() {
    for (const socket of this.numbered.values()) {
      if (!socket.listens || socket.ended) continue;
      try {
        socket.ws.close(1011, "the Go instance has ended");
      } catch {
        // closed already
      }
    }
    this.numbered.clear();
  }
}

/** @param {string | ArrayBuffer} data @returns {SocketEvent} */
function messageEvent(data) {
  return typeof data === "string" ? { kind: text, data } : { kind: binary, data };
}

/** @param {import("./frame.mjs").Frame} frame */
function table(frame) {
  return (frame.scope.sockets ??= new Sockets());
}

/** The number of a socket, always the same one in a scope. @param {import("./frame.mjs").Frame} frame @param {WebSocket} ws */
export function socketNumber(frame, ws) {
  const sockets = table(frame);
  let socket = sockets.known.get(ws);
  if (!socket) {
    socket = new Socket(frame.instance.nextSocket++, ws);
    sockets.numbered.set(socket.number, socket);
    sockets.known.set(ws, socket);
  }
  return socket.number;
}

/** The socket that a response carries. @param {import("./frame.mjs").Frame} frame @param {number} number */
export function giveSocket(frame, number) {
  const sockets = table(frame);
  const socket = sockets.find(number);
  const { ws } = socket;
  sockets.release(socket);
  return ws;
}

/** @param {import("./frame.mjs").Frame} frame @param {import("./abi.mjs").Reader} r */
function socketOf(frame, r) {
  return table(frame).find(r.uint());
}

/** @param {import("./frame.mjs").Frame} frame */
function context(frame) {
  if (!frame.object) throw new Error("hibernating WebSockets belong to Durable Objects, and this is an event of the Worker");
  return frame.object.ctx;
}

/** @param {import("./abi.mjs").Writer} w @param {SocketEvent} e */
function writeEvent(w, e) {
  w.u8(e.kind);
  switch (e.kind) {
    case text:
      return w.str(e.data);
    case binary:
      return w.blob(new Uint8Array(e.data));
    case closed:
      w.uint(e.code ?? 1005);
      w.str(e.reason ?? "");
      return w.bool(e.wasClean ?? false);
    default:
      w.error(e.error);
  }
}

/** @param {import("./abi.mjs").Writer} w @param {number} object @param {WebSocket} ws @param {SocketEvent} e @param {import("./frame.mjs").Frame} frame */
function startSocket(w, object, ws, e, frame) {
  w.u8(Event.START);
  w.u8(Start.SOCKET_MESSAGE + Math.max(0, e.kind - binary));
  w.uint(object);
  w.uint(socketNumber(frame, ws));
  writeEvent(w, e);
}

/**
 * Handlers of the events of hibernating sockets, by the names of the methods that the runtime calls.
 * @type {Record<string, (object: import("./object.mjs").ObjectState, ws: WebSocket, a: any, b: any, c: any) => any>}
 */
export const socketHandlers = {
  webSocketMessage: (object, ws, message) => object.start(startSocket, ws, messageEvent(message)),
  webSocketClose: (object, ws, code, reason, wasClean) => last(object, ws, { kind: closed, code, reason, wasClean }),
  webSocketError: (object, ws, error) => last(object, ws, { kind: failed, error }),
};

/** Delivers the last event of a socket. @param {import("./object.mjs").ObjectState} object @param {WebSocket} ws @param {SocketEvent} e */
async function last(object, ws, e) {
  try {
    await object.start(startSocket, ws, e);
  } finally {
    const sockets = object.scope.sockets;
    const socket = sockets?.known.get(ws);
    if (sockets && socket) sockets.release(socket);
  }
}

/** @type {Record<number, import("./operations.mjs").Operation>} */
const each = {
  [Op.SOCKET_PAIR](frame, r, w) {
    const pair = new WebSocketPair();
    w.uint(socketNumber(frame, pair[0]));
    w.uint(socketNumber(frame, pair[1]));
  },
  [Op.SOCKET_ACCEPT](frame, r) {
    const socket = socketOf(frame, r);
    const how = r.u8();
    const tags = r.strs();
    if (how === acceptHibernates) return context(frame).acceptWebSocket(socket.ws, tags);
    if (how > acceptHibernates) r.fail(`unknown way ${how} to accept a WebSocket`);
    socket.ws.accept({ allowHalfOpen: how === acceptHalfOpen });
    socket.listen();
  },
  [Op.SOCKET_SEND](frame, r) {
    const { ws } = socketOf(frame, r);
    const kind = r.u8();
    if (kind > binary) r.fail(`unknown kind of message ${kind}`);
    ws.send(kind === text ? r.str() : r.blob());
  },
  [Op.SOCKET_CLOSE](frame, r) {
    const { ws } = socketOf(frame, r);
    const code = r.bool() ? r.f64() : undefined;
    ws.close(code, r.optStr());
  },
  [Op.SOCKET_RECEIVE](frame, r, w, id) {
    const socket = socketOf(frame, r);
    const e = socket.queue.shift();
    if (e) {
      if (e.kind >= closed) table(frame).release(socket);
      return writeEvent(w, e);
    }
    if (!socket.listens) throw new TypeError("the WebSocket is not received from: it was not accepted, or it hibernates");
    if (socket.ended) throw new TypeError("the WebSocket has ended");
    const { promise, resolve } = /** @type {PromiseWithResolvers<SocketEvent>} */ (Promise.withResolvers());
    socket.waiting.push(resolve);
    return frame.complete(id, promise, (w, e, frame) => {
      if (e.kind >= closed) frame.scope.sockets?.release(socket);
      writeEvent(w, e);
    });
  },
  [Op.SOCKET_ATTACH](frame, r) {
    const { ws } = socketOf(frame, r);
    ws.serializeAttachment(r.value());
  },
  [Op.SOCKET_ATTACHMENT](frame, r, w) {
    w.value(socketOf(frame, r).ws.deserializeAttachment());
  },
  [Op.SOCKET_INFO](frame, r, w) {
    const { ws } = socketOf(frame, r);
    w.u8(ws.readyState);
    w.optStr(ws.url ?? undefined);
    w.optStr(ws.protocol ?? undefined);
    w.optStr(ws.extensions ?? undefined);
  },
};

/** @type {Record<number, import("./operations.mjs").Operation>} */
const ofObject = {
  [Op.SOCKET_LIST](frame, r, w) {
    /** @type {WebSocket[]} */
    const list = context(frame).getWebSockets(r.optStr());
    w.uint(list.length);
    for (const ws of list) w.uint(socketNumber(frame, ws));
  },
  [Op.SOCKET_TAGS](frame, r, w) {
    /** @type {string[]} */
    const tags = context(frame).getTags(socketOf(frame, r).ws);
    w.uint(tags.length);
    for (const tag of tags) w.str(tag);
  },
  [Op.SOCKET_AUTO_RESPONSE](frame, r, w) {
    const ctx = context(frame);
    const how = r.u8();
    if (how === set) ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(r.str(), r.str()));
    else if (how !== get) ctx.setWebSocketAutoResponse();
    const pair = ctx.getWebSocketAutoResponse();
    w.bool(pair !== null);
    if (!pair) return;
    w.str(pair.request);
    w.str(pair.response);
  },
  [Op.SOCKET_AUTO_TIME](frame, r, w) {
    /** @type {Date | null} */
    const time = context(frame).getWebSocketAutoResponseTimestamp(socketOf(frame, r).ws);
    w.bool(time !== null);
    if (time) w.f64(time.getTime());
  },
  [Op.SOCKET_EVENT_TIMEOUT](frame, r, w) {
    const ctx = context(frame);
    const how = r.u8();
    const ms = r.f64();
    if (how !== get) ctx.setHibernatableWebSocketEventTimeout(how === set ? ms : undefined);
    const timeout = ctx.getHibernatableWebSocketEventTimeout();
    w.bool(timeout !== null);
    if (timeout !== null) w.f64(timeout);
  },
  [Op.SOCKET_BROADCAST](frame, r, w) {
    const list = context(frame).getWebSockets(r.optStr());
    const kind = r.u8();
    if (kind > binary) r.fail(`unknown kind of message ${kind}`);
    const message = kind === text ? r.str() : r.blob();
    let sent = 0;
    for (const ws of list) {
      if (ws.readyState !== WebSocket.READY_STATE_OPEN) continue;
      ws.send(message);
      sent++;
    }
    w.uint(sent);
  },
};

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const socketOperations = { ...each, ...ofObject };
