// The Lattice ABI as JavaScript sees it: numbers of operations and events, and the codec (writer.mjs, reader.mjs). It
// mirrors internal/abi; docs/abi.md is the specification. Start with Writer and Reader.

export { Malformed, Reader } from "./reader.mjs";
export { Writer } from "./writer.mjs";

export const VERSION = 2;
export const PENDING = -1;
export const WRONG_FRAME = -2;
export const INLINE_BODY = 65536;

/** Operations, guest to host. */
export const Op = Object.freeze({
  INIT: 1, MANIFEST: 2, LOG: 3, HOP: 4, DONE: 5, RESPOND: 6, END: 7, ENV: 8, PROPS: 9,
  READ: 10, CANCEL: 11, WRITE: 12, CLOSE: 13, ABORT: 14, FETCH: 15, RPC: 16, ID: 17, RESET: 18, RELEASE: 19,
  SQL_EXEC: 20, SQL_NEXT: 21, SQL_CLOSE: 22, SQL_SIZE: 23, DUP: 24, PASS_THROUGH: 25, ABANDON: 26, NO_RETRY: 27, PIPE: 28,
  KV_GET: 30, KV_PUT: 31, KV_DELETE: 32, KV_LIST: 33, DELETE_ALL: 34, SYNC: 35, GET_ALARM: 36, SET_ALARM: 37, DELETE_ALARM: 38,
  SKV_GET: 40, SKV_PUT: 41, SKV_DELETE: 42, SKV_LIST: 43, TXN_SYNC: 44, SECTION: 45, ROLLBACK: 46,
  BOOKMARK: 47, RESTORE: 48, FACET: 49, D1: 50, QUEUE_SEND: 51, R2: 52,
  WORKERS_KV: 53, RATE_LIMIT: 54, DATA_POINT: 55, CACHE: 56, D1_SESSION: 57,
  SOCKET_PAIR: 60, SOCKET_ACCEPT: 61, SOCKET_SEND: 62, SOCKET_CLOSE: 63, SOCKET_RECEIVE: 64, SOCKET_LIST: 65, SOCKET_TAGS: 66,
  SOCKET_ATTACH: 67, SOCKET_ATTACHMENT: 68, SOCKET_AUTO_RESPONSE: 69, SOCKET_AUTO_TIME: 70, SOCKET_EVENT_TIMEOUT: 71,
  SOCKET_INFO: 72, SOCKET_BROADCAST: 73,
  TCP_CONNECT: 80, TCP_WAIT: 81, TCP_START_TLS: 82, TCP_CLOSE: 83,
});

/** Events, host to guest. */
export const Event = Object.freeze({ START: 1, COMPLETE: 2, WAKE: 3, DEAD: 4, DROP: 5, RELEASED: 6 });

/** Kinds of START events. */
export const Start = Object.freeze({
  FETCH: 1, RPC: 2, CONSTRUCT: 3, ALARM: 4, SCHEDULED: 5, SECTION: 6,
  SOCKET_MESSAGE: 7, SOCKET_CLOSE: 8, SOCKET_ERROR: 9, CALL: 10, QUEUE: 11, ENTRYPOINT: 12,
});

/** Kinds of target, what FETCH and RPC go to. */
export const Target = Object.freeze({ NETWORK: 0, SERVICE: 1, OBJECT: 2, HELD: 3, FACET: 4, EXPORT: 5 });
