// What RPC passes by reference. A frame's References stand behind the codec: they number what Go gets of JavaScript (held stubs,
// streams), and make of Go's numbers what JavaScript calls, reads and writes. Storage has none, and so refuses such values.
//
// What Go holds belongs to the frame's scope: the object, or the event of the Worker.

import { writeHeaders, writeRequest, writeResponse, readHeaders, readRequest, readResponse } from "./http.mjs";
import { guestStub } from "./stubs.mjs";
import { openSink, openSource, Sink, Source } from "./streams.mjs";
import { Tag } from "./values.mjs";

/** A stub, or the promise of a call, that Go holds. */
export class Held {
  /** @param {any} value */
  constructor(value) {
    this.value = value;
    /** @type {any} what the promise came to, when its stubs must not be disposed of yet */
    this.result = undefined;
    /** @type {{error: unknown} | null} why there is no promise */
    this.failed = null;
  }

  release() {
    dispose(this.result);
    dispose(this.value);
  }
}

/** @param {any} v */
export function dispose(v) {
  try {
    v?.[Symbol.dispose]?.();
  } catch {
    // it was disposed of before, or its context is gone
  }
}

/** What a number that Go holds stands for. @param {import("./frame.mjs").Frame} frame @param {number} number */
export function held(frame, number) {
  const found = frame.scope.held.get(number);
  if (!found) throw new Error("RPC stub used after being disposed.");
  if (found.failed) throw found.failed.error;
  return found.value;
}

export class References {
  /** @param {import("./frame.mjs").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    /** @type {number[]} stubs that Go got in the message written last */
    this.numbers = [];
    /** @type {number[]} streams that it got in it to read, and to write */
    this.reads = [];
    /** @type {number[]} */
    this.writes = [];
  }

  /** Begins a message. */
  begin() {
    this.numbers = [];
    this.reads = [];
    this.writes = [];
  }

  /** Gives up what a message passes that could not be written to its end. @param {unknown} reason */
  undo(reason) {
    const { held, sources, sinks } = this.frame.scope;
    for (const number of this.numbers) {
      held.get(number)?.release();
      held.delete(number);
    }
    for (const number of this.reads) {
      sources.get(number)?.cancel(reason);
      sources.delete(number);
    }
    for (const number of this.writes) {
      sinks.get(number)?.abort(reason);
      sinks.delete(number);
    }
    this.begin();
  }

  /**
   * Writes what is no data, and tells whether it could.
   * @param {import("./abi.mjs").Writer} w @param {any} v @param {string} kind what Object.prototype.toString calls it
   */
  write(w, v, kind) {
    switch (kind) {
      case "ReadableStream":
        w.u8(Tag.READABLE);
        w.uint(this.source(v));
        return true;
      case "WritableStream": {
        const number = this.frame.instance.nextSender++;
        this.frame.scope.sinks.set(number, new Sink(v));
        this.writes.push(number);
        w.u8(Tag.WRITABLE);
        w.uint(number);
        return true;
      }
      case "Request":
        w.u8(Tag.REQUEST);
        writeRequest(w, v, undefined, this.frame);
        return true;
      case "Response":
        w.u8(Tag.RESPONSE);
        writeResponse(w, { response: v, small: undefined }, this.frame);
        return true;
      case "Headers":
        w.u8(Tag.HEADERS);
        writeHeaders(w, v);
        return true;
    }
    if (!isStub(v, kind)) return false;
    const number = this.hold(v);
    w.u8(Tag.STUB);
    w.u8(0);
    w.uint(number);
    return true;
  }

  /** @param {ReadableStream} stream */
  source(stream) {
    const number = openSource(this.frame, stream);
    this.reads.push(number);
    return number;
  }

  /** @param {any} v */
  hold(v) {
    const number = this.frame.instance.nextHeld++;
    this.frame.scope.held.set(number, new Held(v));
    this.numbers.push(number);
    return number;
  }

  /** The numbers given out since the last call of this. */
  taken() {
    const { numbers } = this;
    if (numbers.length > 0) this.numbers = [];
    return numbers;
  }

  /** @param {import("./abi.mjs").Reader} r @param {number} tag */
  read(r, tag) {
    const { frame } = this;
    switch (tag) {
      case Tag.STUB:
        if (r.u8() === 0) return held(frame, r.uint());
        return guestStub(frame, r.uint(), r.u8(), r.strs());
      case Tag.READABLE: return openSink(frame, r.uint(), -1, false);
      case Tag.WRITABLE: {
        const { readable, writable } = new IdentityTransformStream();
        frame.scope.sources.set(r.uint(), new Source(readable));
        return writable;
      }
      case Tag.REQUEST: {
        const { url, init } = readRequest(frame, r);
        return new Request(url, /** @type {any} */ (init));
      }
      case Tag.RESPONSE: return readResponse(frame, r);
      case Tag.HEADERS: return new Headers(readHeaders(r));
      default: r.fail(`unknown value tag ${tag}`);
    }
  }
}

const stubKinds = new Set(["RpcStub", "RpcPromise", "RpcProperty", "JsRpcStub", "JsRpcPromise", "JsRpcProperty", "Fetcher", "ServiceStub", "LoopbackServiceStub"]);

/** @param {any} v @param {string} kind */
function isStub(v, kind) {
  return stubKinds.has(kind) || typeof v === "function";
}
