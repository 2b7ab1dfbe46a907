// Timers, console, events, aborting and fetch.

const timers = new Map();
let lastTimer = 0;
const start = (f, ms, args, every) => {
  const id = ++lastTimer;
  const arm = () => {
    timers.set(
      id,
      host.after(Number(ms) || 0, () => {
        if (every) arm();
        else timers.delete(id);
        f(...args);
      }),
    );
  };
  arm();
  return id;
};
const stop = (id) => {
  const t = timers.get(id);
  timers.delete(id);
  if (t) t();
};

const show = (v, depth = 0) => {
  if (typeof v === 'string') return depth ? JSON.stringify(v) : v;
  if (typeof v === 'function') return `[Function: ${v.name || '(anonymous)'}]`;
  if (v instanceof Error) return v.stack || `${v.name}: ${v.message}`;
  if (typeof v !== 'object' || v === null) return typeof v === 'bigint' ? `${v}n` : String(v);
  if (depth > 2) return '[Object]';
  if (Array.isArray(v)) return `[ ${v.map((e) => show(e, depth + 1)).join(', ')} ]`;
  if (ArrayBuffer.isView(v)) return `${v.constructor.name}(${v.length})`;
  return `{ ${Object.entries(v).map(([k, e]) => `${k}: ${show(e, depth + 1)}`).join(', ')} }`;
};
const print = (fd) => (...args) => host.output(fd, args.map((a) => show(a)).join(' ') + '\n');

class Event {
  constructor(type, init = {}) {
    this.type = type;
    Object.assign(this, init);
  }
}
class EventTarget {
  #listeners = {};
  addEventListener(type, f, options) {
    (this.#listeners[type] ??= []).push({ f, once: options?.once });
  }
  removeEventListener(type, f) {
    this.#listeners[type] = (this.#listeners[type] ?? []).filter((l) => l.f !== f);
  }
  dispatchEvent(e) {
    e.target = this;
    if (typeof this['on' + e.type] === 'function') this['on' + e.type](e);
    for (const l of [...(this.#listeners[e.type] ?? [])]) {
      if (l.once) this.removeEventListener(e.type, l.f);
      if (typeof l.f === 'function') l.f.call(this, e);
      else l.f.handleEvent(e);
    }
    return true;
  }
}

class AbortSignal extends EventTarget {
  aborted = false;
  reason = undefined;
  onabort = null;
  throwIfAborted() {
    if (this.aborted) throw this.reason;
  }
  static abort(reason) {
    const c = new AbortController();
    c.abort(reason);
    return c.signal;
  }
  static timeout(ms) {
    const c = new AbortController();
    start(() => c.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms, [], false);
    return c.signal;
  }
  static any(signals) {
    const c = new AbortController();
    for (const s of signals) {
      if (s.aborted) c.abort(s.reason);
      else s.addEventListener('abort', () => c.abort(s.reason), { once: true });
    }
    return c.signal;
  }
}
class AbortController {
  signal = new AbortSignal();
  abort(reason = new DOMException('The operation was aborted', 'AbortError')) {
    if (this.signal.aborted) return;
    this.signal.aborted = true;
    this.signal.reason = reason;
    this.signal.dispatchEvent(new Event('abort'));
  }
}

/** Sends a request to a target of the host. */
web.send = (target, input, init) => {
  const request = new Request(input, init);
  if (request.signal.aborted) return Promise.reject(request.signal.reason);
  const body = request.method === 'GET' || request.method === 'HEAD' ? null : web.bodyOf(request);
  const sent = host.call('fetch', [target, web.requestHead(request)], body).then(web.responseOf);
  const aborted = new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true }));
  return Promise.race([sent, aborted]);
};

Object.assign(global, {
  setTimeout: (f, ms = 0, ...args) => start(f, ms, args, false),
  setInterval: (f, ms = 0, ...args) => start(f, ms, args, true),
  clearTimeout: stop,
  clearInterval: stop,
  queueMicrotask: (f) => void Promise.resolve().then(f),
  structuredClone: (v) => host.clone(v),
  console: { log: print(1), info: print(1), debug: print(1), trace: print(2), warn: print(2), error: print(2) },
  performance: { timeOrigin: 0, now: () => host.now() },
  navigator: { userAgent: 'Cloudflare-Workers' },
  scheduler: {
    wait: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const timer = start(resolve, ms, [undefined], false);
        signal?.addEventListener('abort', () => (stop(timer), reject(signal.reason)), { once: true });
      }),
  },
  Event, EventTarget, AbortSignal, AbortController,
  fetch: (input, init) => web.send({ kind: 'network' }, input, init),
  self: global,
});

/** Classes that packages use without asking whether they are there: using one is refused by its name. */
for (const name of ['BroadcastChannel', 'EventSource', 'HTMLRewriter', 'MessageChannel']) {
  global[name] = class {
    constructor() {
      throw host.missing('class', name);
    }
  };
}
