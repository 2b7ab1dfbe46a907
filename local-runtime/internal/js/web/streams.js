// Streams of chunks, as far as Workers programs use them: no sizes other than the number of chunks.

const deferred = () => {
  const d = {};
  d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }));
  return d;
};
web.deferred = deferred;
const quiet = (p) => {
  p.catch(() => {});
  return p;
};

class ReadableStreamDefaultController {
  #s;
  constructor(s) {
    this.#s = s;
  }
  get desiredSize() {
    return this.#s._state === 'errored' ? null : this.#s._state === 'closed' ? 0 : this.#s._highWater - this.#s._chunks.length;
  }
  enqueue(chunk) {
    if (this.#s._closing || this.#s._state !== 'readable') throw new TypeError('This ReadableStream is closed.');
    this.#s._push(chunk);
  }
  close() {
    if (this.#s._closing || this.#s._state !== 'readable') throw new TypeError('This ReadableStream is closed.');
    this.#s._close();
  }
  error(e) {
    this.#s._fail(e);
  }
}

/** What a byte source may fill itself. */
class ReadableStreamBYOBRequest {
  #s;
  constructor(s, length) {
    this.#s = s;
    this.view = new Uint8Array(length);
  }
  respond(n) {
    const view = this.view;
    this.#answer(view.subarray(0, n));
  }
  respondWithNewView(view) {
    this.#answer(web.bytesOf(view));
  }
  #answer(bytes) {
    if (this.view === null) throw new TypeError('This ReadableStreamBYOBRequest has been invalidated.');
    this.view = null;
    this.#s._byob = null;
    if (bytes.byteLength > 0) this.#s._push(bytes);
    else if (this.#s._closing || this.#s._state !== 'readable') return;
    else throw new TypeError('respond() with no bytes is possible after close() only.');
  }
}

class ReadableByteStreamController extends ReadableStreamDefaultController {
  #s;
  constructor(s) {
    super(s);
    this.#s = s;
  }
  get byobRequest() {
    const length = this.#s._byob ?? this.#s._source.autoAllocateChunkSize;
    if (!length || this.#s._waiting.length === 0) return null;
    return (this.#s._request = this.#s._request?.view ? this.#s._request : new ReadableStreamBYOBRequest(this.#s, length));
  }
  enqueue(chunk) {
    const bytes = typeof chunk === 'string' ? null : web.bytesOf(chunk);
    if (!bytes) throw new TypeError("Failed to execute 'enqueue' on 'ReadableByteStreamController': the chunk is not a view.");
    if (bytes.byteLength === 0) throw new TypeError('Cannot enqueue a zero-length chunk.');
    super.enqueue(bytes);
  }
}

class ReadableStream {
  constructor(source = {}, { highWaterMark = source.type === 'bytes' ? 0 : 1 } = {}) {
    const bytes = source.type === 'bytes';
    if (source.type !== undefined && !bytes) throw new TypeError(`Failed to construct 'ReadableStream': ${source.type} is not a type of source.`);
    Object.defineProperties(
      this,
      Object.fromEntries(
        Object.entries({
          _source: source, _highWater: highWaterMark, _chunks: [], _waiting: [], _state: 'readable', _closing: false, _error: undefined,
          _reader: null, _disturbed: false, _pulling: false, _again: false, _started: false, _closed: deferred(), _length: -1, _native: null, _byob: null, _request: null,
        }).map(([name, value]) => [name, { value, writable: true }]),
      ),
    );
    quiet(this._closed.promise);
    Object.defineProperty(this, '_controller', { value: bytes ? new ReadableByteStreamController(this) : new ReadableStreamDefaultController(this) });
    const started = source.start ? source.start(this._controller) : undefined;
    Promise.resolve(started).then(
      () => {
        this._started = true;
        this._pull();
      },
      (e) => this._fail(e),
    );
  }
  get locked() {
    return this._reader !== null;
  }
  getReader({ mode } = {}) {
    if (mode === 'byob') return new ReadableStreamBYOBReader(this);
    return new ReadableStreamDefaultReader(this);
  }
  cancel(reason) {
    if (this.locked) return Promise.reject(new TypeError('This ReadableStream is currently locked to a reader.'));
    return this._cancel(reason);
  }
  tee() {
    const reader = this.getReader();
    const branches = [];
    let reading = false;
    const pull = () => {
      if (reading) return;
      reading = true;
      return reader.read().then(
        ({ done, value }) => {
          reading = false;
          for (const b of branches) {
            if (b._state !== 'readable' || b._closing) continue;
            if (done) b._close();
            else b._push(value instanceof Uint8Array && b === branches[1] ? value.slice() : value);
          }
        },
        (e) => branches.forEach((b) => b._fail(e)),
      );
    };
    let canceled = 0;
    const cancel = (reason) => (++canceled === 2 ? reader.cancel(reason) : undefined);
    branches.push(new ReadableStream({ pull, cancel }, { highWaterMark: 0 }), new ReadableStream({ pull, cancel }, { highWaterMark: 0 }));
    for (const b of branches) b._length = this._length;
    return [...branches];
  }
  async pipeTo(writable, { preventClose, preventAbort, preventCancel, signal } = {}) {
    const reader = this.getReader();
    const writer = writable.getWriter();
    try {
      for (;;) {
        if (signal) signal.throwIfAborted();
        let chunk;
        try {
          chunk = await reader.read();
        } catch (e) {
          if (!preventAbort) quiet(writer.abort(e));
          throw e;
        }
        if (chunk.done) break;
        try {
          await writer.ready;
          await writer.write(chunk.value);
        } catch (e) {
          if (!preventCancel) quiet(reader.cancel(e));
          throw e;
        }
      }
      if (!preventClose) await writer.close();
    } finally {
      reader.releaseLock();
      writer.releaseLock();
    }
  }
  pipeThrough(pair, options) {
    quiet(this.pipeTo(pair.writable, options));
    return pair.readable;
  }
  values() {
    const reader = this.getReader();
    return {
      next: () => reader.read(),
      return: async (value) => {
        await reader.cancel();
        return { done: true, value };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
  static from(list) {
    const it = list[Symbol.asyncIterator] ? list[Symbol.asyncIterator]() : list[Symbol.iterator]();
    return new ReadableStream({
      async pull(c) {
        const { done, value } = await it.next();
        if (done) c.close();
        else c.enqueue(await value);
      },
    });
  }
  _push(chunk) {
    if (this._waiting.length > 0) this._waiting.shift().resolve({ done: false, value: chunk });
    else this._chunks.push(chunk);
    this._pull();
  }
  _close() {
    this._closing = true;
    if (this._chunks.length > 0) return;
    this._state = 'closed';
    for (const w of this._waiting.splice(0)) w.resolve({ done: true, value: undefined });
    this._closed.resolve();
  }
  _fail(e) {
    if (this._state !== 'readable') return;
    this._state = 'errored';
    this._error = e;
    this._chunks = [];
    for (const w of this._waiting.splice(0)) w.reject(e);
    this._closed.reject(e);
  }
  _read() {
    this._disturbed = true;
    if (this._chunks.length > 0) {
      const value = this._chunks.shift();
      if (this._closing && this._chunks.length === 0) this._close();
      else this._pull();
      return Promise.resolve({ done: false, value });
    }
    if (this._state === 'errored') return Promise.reject(this._error);
    if (this._state === 'closed') return Promise.resolve({ done: true, value: undefined });
    const d = deferred();
    this._waiting.push(d);
    this._pull();
    return d.promise;
  }
  async _cancel(reason) {
    this._disturbed = true;
    if (this._state === 'errored') throw this._error;
    if (this._state === 'closed') return;
    this._chunks = [];
    this._close();
    if (this._source.cancel) await this._source.cancel(reason);
  }
  _pull() {
    if (!this._started || this._closing || this._state !== 'readable' || !this._source.pull) return;
    if (this._chunks.length >= this._highWater && this._waiting.length === 0) return;
    if (this._pulling) {
      this._again = true;
      return;
    }
    this._pulling = true;
    let pulled;
    try {
      pulled = this._source.pull(this._controller);
    } catch (e) {
      this._fail(e);
      return;
    }
    Promise.resolve(pulled).then(
      () => {
        this._pulling = false;
        if (this._again) {
          this._again = false;
          this._pull();
        }
      },
      (e) => this._fail(e),
    );
  }
}
ReadableStream.prototype[Symbol.asyncIterator] = ReadableStream.prototype.values;

class ReadableStreamDefaultReader {
  #s;
  constructor(stream) {
    if (stream.locked) throw new TypeError('This ReadableStream is currently locked to a reader.');
    this.#s = stream;
    stream._reader = this;
  }
  get closed() {
    return this.#s ? this.#s._closed.promise : quiet(Promise.reject(new TypeError('This ReadableStream reader has been released.')));
  }
  read() {
    if (!this.#s) return Promise.reject(new TypeError('This ReadableStream reader has been released.'));
    return this.#s._read();
  }
  cancel(reason) {
    if (!this.#s) return Promise.reject(new TypeError('This ReadableStream reader has been released.'));
    return this.#s._cancel(reason);
  }
  releaseLock() {
    if (!this.#s) return;
    for (const w of this.#s._waiting.splice(0)) w.reject(new TypeError('This ReadableStream reader has been released.'));
    this.#s._reader = null;
    this.#s = null;
  }
}

/** Fills views of the reader's. */
class ReadableStreamBYOBReader {
  #s;
  #reader;
  constructor(stream) {
    this.#reader = new ReadableStreamDefaultReader(stream);
    this.#s = stream;
  }
  get closed() {
    return this.#reader.closed;
  }
  cancel(reason) {
    return this.#reader.cancel(reason);
  }
  releaseLock() {
    this.#reader.releaseLock();
  }
  read(view, { min = 1 } = {}) {
    return this.#fill(view, min);
  }
  readAtLeast(min, view) {
    return this.#fill(view, min);
  }
  async #fill(view, min) {
    if (!ArrayBuffer.isView(view)) throw new TypeError("Failed to execute 'read' on 'ReadableStreamBYOBReader': parameter 1 is not of type 'ArrayBufferView'.");
    if (view.byteLength === 0) throw new TypeError('You must call read() on a "byob" reader with a positive-sized TypedArray object.');
    const size = view.BYTES_PER_ELEMENT ?? 1;
    const into = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const part = (n) => new view.constructor(view.buffer, view.byteOffset, n / size);
    let n = 0;
    while (n < Math.max(min, 1) * size || n % size || (n < into.byteLength && this.#s._chunks.length > 0)) {
      this.#s._byob = into.byteLength - n;
      const { done, value } = await this.#reader.read();
      this.#s._byob = null;
      if (done) return { done: n === 0, value: part(n - (n % size)) };
      const bytes = web.bytesOf(value);
      if (!bytes || typeof value === 'string') throw new TypeError('This ReadableStream does not support BYOB reads.');
      const taken = bytes.subarray(0, into.byteLength - n);
      into.set(taken, n);
      n += taken.byteLength;
      if (taken.byteLength < bytes.byteLength) this.#s._chunks.unshift(bytes.subarray(taken.byteLength));
    }
    return { done: false, value: part(n) };
  }
}

/** Sinks get one write at a time. */
class WritableStream {
  constructor(sink = {}, { highWaterMark = 1 } = {}) {
    this._sink = sink;
    this._highWater = highWaterMark;
    this._writer = null;
    this._state = 'writable';
    this._error = undefined;
    this._queued = 0;
    this._ready = deferred();
    this._ready.resolve();
    this._closed = deferred();
    quiet(this._closed.promise);
    this._controller = { error: (e) => this._fail(e), signal: new AbortController().signal };
    this._tail = Promise.resolve(sink.start ? sink.start(this._controller) : undefined);
    quiet(this._tail);
  }
  get locked() {
    return this._writer !== null;
  }
  getWriter() {
    return new WritableStreamDefaultWriter(this);
  }
  close() {
    return this.locked ? Promise.reject(new TypeError('This WritableStream is currently locked to a writer.')) : this._end();
  }
  abort(reason) {
    return this.locked ? Promise.reject(new TypeError('This WritableStream is currently locked to a writer.')) : this._abort(reason);
  }
  _write(chunk) {
    if (this._state === 'errored') return Promise.reject(this._error);
    if (this._state !== 'writable') return Promise.reject(new TypeError('This WritableStream has been closed.'));
    if (++this._queued >= this._highWater && this._queued === 1) {
      this._ready = deferred();
      quiet(this._ready.promise);
    }
    const done = this._tail.then(() => {
      if (this._state === 'errored') throw this._error;
      return this._sink.write ? this._sink.write(chunk, this._controller) : undefined;
    });
    this._tail = done.then(
      () => {
        if (--this._queued < this._highWater) this._ready.resolve();
      },
      (e) => this._fail(e),
    );
    return quiet(done.then(() => undefined));
  }
  async _end() {
    if (this._state === 'errored') throw this._error;
    if (this._state !== 'writable') throw new TypeError('This WritableStream has been closed.');
    this._state = 'closing';
    try {
      await this._tail;
      if (this._state === 'errored') throw this._error;
      if (this._sink.close) await this._sink.close(this._controller);
      this._state = 'closed';
      this._closed.resolve();
    } catch (e) {
      this._fail(e);
      throw e;
    }
  }
  async _abort(reason) {
    if (this._state === 'closed' || this._state === 'errored') return;
    this._fail(reason);
    if (this._sink.abort) await this._sink.abort(reason);
  }
  _fail(e) {
    if (this._state === 'closed' || this._state === 'errored') return;
    this._state = 'errored';
    this._error = e;
    this._ready.reject(e);
    this._closed.reject(e);
  }
}

class WritableStreamDefaultWriter {
  #s;
  constructor(stream) {
    if (stream.locked) throw new TypeError('This WritableStream is currently locked to a writer.');
    this.#s = stream;
    stream._writer = this;
  }
  get ready() {
    return this.#s._ready.promise;
  }
  get closed() {
    return this.#s._closed.promise;
  }
  get desiredSize() {
    return this.#s._state === 'errored' ? null : this.#s._highWater - this.#s._queued;
  }
  write(chunk) {
    return this.#s._write(chunk);
  }
  close() {
    return quiet(this.#s._end());
  }
  abort(reason) {
    return this.#s._abort(reason);
  }
  releaseLock() {
    this.#s._writer = null;
  }
}

class TransformStream {
  constructor(transformer = {}) {
    let out;
    let wanted = deferred();
    const control = {
      enqueue: (chunk) => out.enqueue(chunk),
      terminate: () => out.close(),
      error: (e) => out.error(e),
      get desiredSize() {
        return out.desiredSize;
      },
    };
    this.readable = new ReadableStream(
      {
        start(c) {
          out = c;
        },
        pull() {
          wanted.resolve();
        },
        cancel: (reason) => {
          wanted.resolve();
          this.writable._fail(reason ?? new TypeError('The readable side was canceled.'));
        },
      },
      { highWaterMark: 0 },
    );
    this.writable = new WritableStream({
      start: () => (transformer.start ? transformer.start(control) : undefined),
      async write(chunk) {
        await wanted.promise;
        wanted = deferred();
        if (transformer.transform) await transformer.transform(chunk, control);
        else out.enqueue(chunk);
      },
      async close() {
        if (transformer.flush) await transformer.flush(control);
        out.close();
      },
      abort: (reason) => out.error(reason),
    });
  }
}

class IdentityTransformStream extends TransformStream {
  constructor() {
    super({
      transform(chunk, c) {
        const bytes = typeof chunk === 'string' ? null : web.bytesOf(chunk);
        if (!bytes) throw new TypeError('This TransformStream is being used as a byte stream, but received an object of non-ArrayBuffer/ArrayBufferView type on its writable side.');
        c.enqueue(bytes);
      },
    });
  }
}

class FixedLengthStream extends TransformStream {
  constructor(length) {
    const expected = Number(length);
    let seen = 0;
    super({
      transform(chunk, c) {
        const bytes = web.bytesOf(chunk);
        seen += bytes.byteLength;
        if (seen > expected) throw new TypeError('Attempt to write too many bytes through a FixedLengthStream.');
        c.enqueue(bytes);
      },
      flush() {
        if (seen < expected) throw new TypeError('FixedLengthStream did not see all expected bytes before close().');
      },
    });
    this.readable._length = expected;
  }
}

const textStream = (name, make) =>
  class extends TransformStream {
    constructor(label) {
      super(make(label));
    }
    static get name() {
      return name;
    }
  };

Object.assign(global, {
  ReadableStream, ReadableStreamDefaultReader, ReadableStreamBYOBReader, ReadableStreamDefaultController, ReadableByteStreamController, ReadableStreamBYOBRequest, WritableStream, WritableStreamDefaultWriter,
  TransformStream, IdentityTransformStream, FixedLengthStream,
  TextEncoderStream: textStream('TextEncoderStream', () => ({ transform: (chunk, c) => c.enqueue(host.encode(String(chunk))) })),
  TextDecoderStream: textStream('TextDecoderStream', (label) => {
    const d = new TextDecoder(label);
    return { transform: (chunk, c) => c.enqueue(d.decode(chunk, { stream: true })), flush: (c) => c.enqueue(d.decode()) };
  }),
});

/** A stream of what the host has; it is not read before somebody asks. */
web.streamOf = (source, length) => {
  const s = new ReadableStream(
    {
      async pull(c) {
        const chunk = await source.read(65536);
        if (chunk === null) c.close();
        else c.enqueue(chunk);
      },
      cancel: () => source.cancel(),
    },
    { highWaterMark: 0 },
  );
  s._native = source;
  s._length = length;
  return s;
};

/** Locks a stream for the host: the host's own source when nothing was read of it, otherwise something to read. */
web.takeStream = (stream) => {
  if (!(stream instanceof ReadableStream)) throw new TypeError('a body must be text, bytes or a ReadableStream');
  const { _native: native, _disturbed: disturbed, _length: length } = stream;
  const reader = stream.getReader();
  stream._highWater = 0; // nothing is made before the host asks for it: what the program does at the end of its answer must not come early
  if (native && !disturbed) {
    stream._disturbed = true;
    return { source: native, length };
  }
  return {
    length,
    read: async () => {
      const { done, value } = await reader.read();
      return done ? null : typeof value === 'string' ? value : web.bytesOf(value);
    },
    cancel: () => quiet(reader.cancel()),
  };
};
