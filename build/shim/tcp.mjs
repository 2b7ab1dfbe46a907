// TCP connections: a socket is a number, a stream that Go reads and a stream that Go writes. Only bundles of programs that use them have this
// module, which adds its operations to the table.

import { connect } from "cloudflare:sockets";
import { Op } from "./abi.mjs";
import { nothing } from "./frame.mjs";
import { operations } from "./operations.mjs";
import { openSource, Sink } from "./streams.mjs";

const transports = /** @type {const} */ (["off", "on", "starttls"]);
const OPENED = 0;

/** @typedef {{socket: any, reads: number, writes: number}} Connection */

/** @type {WeakMap<import("./frame.mjs").Scope, Map<number, Connection>>} */
const tables = new WeakMap();

/** @param {import("./frame.mjs").Frame} frame */
function table({ scope }) {
  let connections = tables.get(scope);
  if (!connections) tables.set(scope, connections = new Map());
  return connections;
}

/** Numbers a socket and its streams. @param {import("./frame.mjs").Frame} frame @param {import("./abi.mjs").Writer} w @param {any} socket @param {number} writes */
function adopt(frame, w, socket, writes) {
  socket.opened.catch(() => {}); // Go is told when it asks
  socket.closed.catch(() => {});
  const number = frame.instance.nextSocket++;
  const reads = openSource(frame, socket.readable);
  frame.scope.sinks.set(writes, new Sink(socket.writable));
  table(frame).set(number, { socket, reads, writes });
  w.uint(number);
  w.uint(reads);
}

/** @param {import("./frame.mjs").Frame} frame @param {number} number */
function connection(frame, number) {
  const found = table(frame).get(number);
  if (!found) throw new Error("the connection belongs to another object or event, or was closed");
  return found;
}

/** @type {Record<number, import("./operations.mjs").Operation>} */
const tcpOperations = {
  [Op.TCP_CONNECT](frame, r, w) {
    const address = r.str();
    const secureTransport = transports[r.u8()] ?? r.fail("unknown secureTransport");
    const allowHalfOpen = r.bool();
    adopt(frame, w, connect(address, { secureTransport, allowHalfOpen }), r.uint());
  },
  [Op.TCP_WAIT](frame, r, w, id) {
    const { socket } = connection(frame, r.uint());
    if (r.u8() !== OPENED) return frame.complete(id, socket.closed, nothing);
    return frame.complete(id, socket.opened, (w, info) => {
      w.optStr(info.remoteAddress);
      w.optStr(info.localAddress);
    });
  },
  [Op.TCP_START_TLS](frame, r, w) {
    const number = r.uint();
    const expectedServerHostname = r.optStr();
    const { socket, reads, writes } = connection(frame, number);
    const { sources, sinks } = frame.scope;
    sources.get(reads)?.reader.releaseLock();
    sinks.get(writes)?.writer.releaseLock();
    const secure = socket.startTls(expectedServerHostname === undefined ? undefined : { expectedServerHostname });
    sources.delete(reads);
    sinks.delete(writes);
    table(frame).delete(number);
    adopt(frame, w, secure, r.uint());
  },
  [Op.TCP_CLOSE](frame, r, w, id) {
    const number = r.uint();
    const found = table(frame).get(number);
    if (!found) return;
    const { sources, sinks } = frame.scope;
    sources.delete(found.reads);
    sinks.delete(found.writes);
    return frame.complete(id, found.socket.close().catch(() => {}), nothing);
  },
};

for (const [op, operation] of Object.entries(tcpOperations)) operations[Number(op)] = operation;
