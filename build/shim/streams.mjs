// Streaming bodies with back-pressure. A Source is a ReadableStream that Go reads; a Sink is the writable end of a body that
// Go writes, whose readable end has been handed on.

import { INLINE_BODY, Op } from "./abi.mjs";
import { nothing } from "./frame.mjs";

export class Source {
  /** @param {ReadableStream} stream */
  constructor(stream) {
    this.stream = stream;
    this.rest = new Uint8Array(0);
    /** @type {AbortController | null} */
    this.piping = null;
    this.bytes = true;
    this.reader = this.lock();
  }

  /** @returns {ReadableStreamBYOBReader | ReadableStreamDefaultReader} */
  lock() {
    try {
      return this.stream.getReader({ mode: "byob" });
    } catch { // a stream of chunks that JavaScript made
      this.bytes = false;
      return this.stream.getReader();
    }
  }

  /** The next chunk. Without a buffer of ours the runtime's own streams come in pieces of 4 KB. @param {number} max */
  next(max) {
    if (!this.bytes) return /** @type {ReadableStreamDefaultReader} */ (this.reader).read();
    const size = Math.min(max, INLINE_BODY);
    const { buffer } = this.rest; // that of the chunk before, which Go has copied
    return /** @type {ReadableStreamBYOBReader} */ (this.reader).read(new Uint8Array(buffer.byteLength >= size ? buffer : new ArrayBuffer(size), 0, size));
  }

  /** @param {number} max @returns {Promise<{done: boolean, bytes: Uint8Array}>} */
  async read(max) {
    while (this.rest.length === 0) {
      const { done, value } = await this.next(max);
      if (done) return { done: true, bytes: new Uint8Array(0) };
      this.rest = typeof value === "string" ? new TextEncoder().encode(value) : value;
    }
    return this.take(max);
  }

  /** @param {number} max */
  take(max) {
    const bytes = this.rest.subarray(0, max);
    this.rest = this.rest.subarray(bytes.length);
    return { done: false, bytes };
  }

  /** Writes everything to a sink, past Go: the runtime connects two streams of its own directly. @param {Sink} sink */
  async pipe(sink) {
    for (;;) {
      if (this.rest.length === 0 && this.bytes) return this.connect(sink);
      const { done, bytes } = await this.read(INLINE_BODY);
      if (done) return;
      await sink.writer.write(bytes);
    }
  }

  /** @param {Sink} sink */
  async connect(sink) {
    const { signal } = (this.piping = sink.piping = new AbortController());
    this.reader.releaseLock();
    sink.writer.releaseLock();
    try {
      await this.stream.pipeTo(sink.stream, { preventClose: true, preventAbort: true, preventCancel: true, signal });
    } finally {
      this.piping = sink.piping = null;
      this.reader = this.lock();
      sink.writer = sink.lock();
      if (signal.aborted) {
        this.cancel(signal.reason);
        sink.abort(signal.reason);
      }
    }
  }

  /** @param {unknown} reason */
  cancel(reason) {
    if (this.piping) return this.piping.abort(reason);
    this.reader.cancel(reason).catch(() => {});
  }
}

export class Sink {
  /** @param {WritableStream} stream */
  constructor(stream) {
    this.stream = stream;
    /** @type {AbortController | null} */
    this.piping = null;
    this.writer = this.lock();
  }

  lock() {
    const writer = this.stream.getWriter();
    writer.closed.catch(() => {}); // a reader that went away is told of by the next write
    return writer;
  }

  /** @param {unknown} error */
  abort(error) {
    if (this.piping) return this.piping.abort(error);
    this.writer.abort(error).catch(() => {});
  }
}

/** Numbers a stream for Go to read. @param {import("./frame.mjs").Frame} frame @param {ReadableStream} stream */
export function openSource(frame, stream) {
  const number = frame.instance.nextStream++;
  frame.scope.sources.set(number, new Source(stream));
  return number;
}

/**
 * Makes the body of a stream that Go will write.
 * @param {import("./frame.mjs").Frame} frame @param {number} number @param {number} length @param {boolean} refused
 */
export function openSink(frame, number, length, refused) {
  const { readable, writable } = length >= 0 ? new FixedLengthStream(length) : new IdentityTransformStream();
  frame.scope.sinks.set(number, new Sink(writable));
  if (!refused) return readable;
  readable.cancel(new Error("this response has no body")).catch(() => {});
  return null;
}

/** @param {import("./frame.mjs").Frame} frame @param {number} number */
function source(frame, number) {
  const found = frame.scope.sources.get(number);
  if (!found) throw new Error("the body was read to its end or closed before");
  return found;
}

/** @param {import("./frame.mjs").Frame} frame @param {number} number */
function sink(frame, number) {
  const found = frame.scope.sinks.get(number);
  if (!found) throw new Error("the body was closed before");
  return found;
}

/** @param {import("./abi.mjs").Writer} w @param {{done: boolean, bytes: Uint8Array}} chunk */
function writeChunk(w, { done, bytes }) {
  w.bool(done);
  w.blob(bytes);
}

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const streamOperations = {
  [Op.READ](frame, r, w, id) {
    const number = r.uint();
    const max = Math.max(1, r.uint());
    const from = source(frame, number);
    if (from.rest.length > 0) return writeChunk(w, from.take(max));
    const { sources } = frame.scope;
    return frame.complete(id, from.read(max), (w, chunk) => {
      if (chunk.done) sources.delete(number);
      writeChunk(w, chunk);
    });
  },
  [Op.CANCEL](frame, r) {
    const number = r.uint();
    const found = frame.scope.sources.get(number);
    frame.scope.sources.delete(number);
    found?.cancel(r.error());
  },
  [Op.WRITE](frame, r, w, id) {
    const to = sink(frame, r.uint());
    const bytes = r.blob();
    if (bytes.length === 0) return;
    return frame.complete(id, to.writer.write(bytes), nothing);
  },
  [Op.PIPE](frame, r, w, id) {
    const number = r.uint();
    const from = source(frame, number);
    const { sources } = frame.scope;
    return frame.complete(id, from.pipe(sink(frame, r.uint())).then(() => sources.delete(number)), nothing);
  },
  [Op.CLOSE](frame, r) {
    const number = r.uint();
    const to = sink(frame, number);
    frame.scope.sinks.delete(number);
    to.writer.close().catch(() => {}); // the reader's end reports what is wrong
  },
  [Op.ABORT](frame, r) {
    const number = r.uint();
    const to = sink(frame, number);
    frame.scope.sinks.delete(number);
    to.abort(r.error());
  },
};
