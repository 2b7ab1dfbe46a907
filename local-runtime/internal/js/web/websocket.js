// WebSockets. The host has their ends, by number; messages come as events of the VM. In a Durable Object they may hibernate: then the host keeps them.

const live = new Map(); // by number

class MessageEvent extends Event {}
class CloseEvent extends Event {}
class ErrorEvent extends Event {}

const codes = { InvalidAccessError: 15, SyntaxError: 12 };
const refuse = (name, text) => Object.assign(new DOMException(text, name), { code: codes[name] });
const isCode = (code) => code >= 1000 && code < 5000 && ![1004, 1005, 1006, 1015].includes(code);

class WebSocket extends EventTarget {
  constructor(url, protocols) {
    super();
    Object.defineProperties(
      this,
      Object.fromEntries(
        Object.entries({ _number: 0, _pair: null, _state: 'waits', _used: false, _in: false, _out: false, _lost: false, _halfOpen: false, _early: null }).map(([k, value]) => [k, { value, writable: true }]),
      ),
    );
    for (const name of ['onopen', 'onmessage', 'onclose', 'onerror']) this[name] = null;
    this.url = null;
    this.protocol = '';
    this.extensions = '';
    if (url instanceof Adopted) return void this._adopt(url.number);
    const target = new URL(String(url));
    if (!['ws:', 'wss:'].includes(target.protocol)) throw refuse('SyntaxError', `WebSocket Constructor: The url scheme must be ws or wss, not ${target.protocol.slice(0, -1)}.`);
    this.url = target.href;
    this._state = 'connects';
    const headers = { upgrade: 'websocket' };
    if (protocols !== undefined) headers['sec-websocket-protocol'] = [].concat(protocols).join(', ');
    target.protocol = target.protocol === 'wss:' ? 'https:' : 'http:';
    fetch(target.href, { headers }).then(
      (r) => {
        const socket = r.webSocket;
        if (!socket) throw new TypeError('Failed to establish the WebSocket connection: expected server to reply with HTTP status code 101 (switching protocols), but received ' + r.status + ' instead.');
        live.delete(socket._number);
        this.protocol = r.headers.get('sec-websocket-protocol') ?? '';
        this._adopt(socket._number);
        this._accept();
        this.dispatchEvent(new Event('open'));
      },
      (error) => this._failed(error),
    ).catch((error) => this._failed(error));
  }
  get readyState() {
    if (this._state === 'connects') return 0;
    if (this._in && this._out) return 3;
    return this._in || this._out ? 2 : 1;
  }
  accept({ allowHalfOpen = false } = {}) {
    if (this._used) throw new TypeError("Can't accept() WebSocket that was already used in a response.");
    if (this._state === 'hibernates') throw new TypeError("Can't accept() WebSocket after enabling hibernation.");
    this._halfOpen = allowHalfOpen;
    if (this._state === 'waits') this._accept();
  }
  send(data) {
    if (this._out) throw new TypeError("Can't call WebSocket send() after close().");
    if (this._state === 'connects') throw refuse('InvalidStateError', 'WebSocket is not open: its connection is being established.');
    if (this._used || this._lost) return;
    if (this._state === 'waits') throw new TypeError('You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.');
    const bytes = typeof data === 'string' ? null : web.bytesOf(data);
    host.do('socketSend', [this._number, bytes ?? String(data)]);
  }
  close(code, reason) {
    if (code !== undefined && !isCode((code = Number(code) | 0))) throw refuse('InvalidAccessError', `Invalid WebSocket close code: ${code}.`);
    if (reason !== undefined) {
      if (host.encode(String(reason)).length > 123) throw refuse('SyntaxError', 'WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.');
      if (code === undefined) throw refuse('InvalidAccessError', 'If you specify a WebSocket close reason, you must also specify a code.');
    }
    if (this._used || this._out || this._lost) return;
    if (this._state === 'waits') throw new TypeError('You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.');
    this._out = true;
    host.do('socketSend', [this._number, null, code ?? 0, reason === undefined ? '' : String(reason)]);
    if (this._in) this._end();
  }
  serializeAttachment(value) {
    if (this._state === 'hibernates') host.do('socketState', [this._number, value]);
    else this._early = [value];
  }
  deserializeAttachment() {
    if (this._state === 'hibernates') return host.do('socketState', [this._number])?.attachment ?? null;
    return this._early ? host.clone(this._early[0]) : null;
  }
  _adopt(number) {
    this._number = number;
    if (this._state === 'connects') this._state = 'waits';
    live.set(number, this);
  }
  _accept() {
    this._state = 'accepted';
    host.do('socketAccept', [this._number]);
  }
  /** The number of the socket, for a response, which takes it. */
  _use() {
    if (this._used) throw new TypeError("Can't return WebSocket that was already used in a response.");
    if (this._state === 'accepted') throw new TypeError("Can't return WebSocket in a Response after calling accept().");
    if (this._state === 'hibernates') throw new TypeError("Can't return WebSocket in a Response after calling acceptWebSocket().");
    this._used = true;
    live.delete(this._number);
    return this._number;
  }
  _hibernate(tags) {
    if (this._state !== 'waits') throw new Error('Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`');
    if (!this._pair || this._pair._state !== 'waits' || this._used) throw new Error('Cannot call `acceptWebSocket()` on this WebSocket because its pair has already been accepted or used in a Response.');
    host.do('socketHibernate', [this._number, tags]);
    this._state = 'hibernates';
    if (this._early) this.serializeAttachment(this._early[0]);
  }
  _end() {
    if (this._state === 'hibernates') return;
    live.delete(this._number);
    host.do('socketEnd', [this._number]);
  }
  _failed(error) {
    this._in = this._out = this._lost = true;
    this.dispatchEvent(new ErrorEvent('error', { error, message: error.message }));
    this.dispatchEvent(new CloseEvent('close', { code: 1006, reason: 'Failed to establish websocket connection', wasClean: false }));
  }
  /** Something has arrived. */
  _arrived(kind, data, code, reason, wasClean) {
    if (kind === 'message') return void this.dispatchEvent(new MessageEvent('message', { data }));
    this._in = true;
    this._lost = this._lost || !wasClean;
    if (kind === 'error') {
      this.dispatchEvent(new ErrorEvent('error', { error: data, message: data?.message }));
      return this._end();
    }
    if (wasClean && !this._halfOpen && !this._out) {
      this._out = true;
      host.do('socketSend', [this._number, null, code === 1005 ? 0 : code, reason]);
    }
    this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean }));
    if (this._out || this._lost) this._end();
  }
}
class Adopted {
  constructor(number) {
    this.number = number;
  }
}
['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].forEach((name, i) => {
  WebSocket[name] = WebSocket.prototype[name] = i;
  WebSocket['READY_STATE_' + name] = i;
});

/** The object of a socket that the host has. */
web.socketOf = (number) => live.get(number) ?? new WebSocket(new Adopted(number));

/** That of one that hibernates. */
web.hibernatingSocket = (number) => {
  const known = live.get(number);
  if (known) return known;
  const socket = new WebSocket(new Adopted(number));
  socket._state = 'hibernates';
  const kept = host.do('socketState', [number]);
  socket._out = kept?.closed === true;
  return socket;
};

web.socketArrived = (number, ...what) => live.get(number)?._arrived(...what);

class WebSocketPair {
  constructor() {
    const [a, b] = host.do('socketPair', []).map((n) => new WebSocket(new Adopted(n)));
    Object.assign(this, { 0: a, 1: b });
    a._pair = b;
    b._pair = a;
  }
  *[Symbol.iterator]() {
    yield this[0];
    yield this[1];
  }
}

class WebSocketRequestResponsePair {
  constructor(request, response) {
    this.request = String(request);
    this.response = String(response);
  }
  getRequest() {
    return this.request;
  }
  getResponse() {
    return this.response;
  }
}

Object.assign(global, { WebSocket, WebSocketPair, WebSocketRequestResponsePair, MessageEvent, CloseEvent, ErrorEvent });
