// The events of the Worker, and the context that a program finds in globalThis.context.

const waiting = [];
web.waitUntil = (promise) => void waiting.push(Promise.resolve(promise).catch((e) => console.error('uncaught error in waitUntil:', e)));
const ctx = web.strict(
  {
    waitUntil: web.waitUntil,
    passThroughOnException() {}, // there is no origin to pass a request on to
    props: {},
  },
  'ExecutionContext',
);
const binding = {};

/** Sets what the program finds before it starts. */
web.setUp = (bindings) => {
  global.context = { env: web.env(bindings), ctx, connect: (...args) => web.connect(...args), binding };
};

const handler = (name, packageName) => {
  if (typeof binding[name] !== 'function') throw new Error(`the program has no handler for this event: ${packageName}`);
  return binding[name];
};

/** The Request of an event. */
web.incoming = (head, body) => {
  const init = { headers: head.headers, cf: head.cf };
  if (body === null) return new Request(head.url, { ...init, method: head.method });
  return Object.assign(new Request(head.url, { ...init, method: 'POST', body }), { method: head.method });
};

/** The library's default export, which a main of the program's own may wrap. */
const library = {
  fetch: (request) => handler('handleRequest', 'call workers.Serve in main (github.com/syumai/workers)')(request),
  scheduled: (event) => handler('runScheduler', 'call cron.ScheduleTask in main (github.com/syumai/workers/cloudflare/cron)')(event),
  queue: (batch) => handler('handleQueueMessageBatch', 'call queues.Consume in main (github.com/syumai/workers/cloudflare/queues)')(batch),
  onRequest: ({ request }) => library.fetch(request),
};
web.library = library;

/** Calls a handler of the default export. */
const call = (name, event) => {
  const main = global.latticeClasses?.default;
  const own = main && typeof main[name] === 'function' ? main : library;
  return own[name](event, global.context.env, ctx);
};

/** A response as the host takes it. */
web.answerOf = (response) => {
  if (!(response instanceof Response)) throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'Response'.");
  const head = { status: response.status, statusText: response.statusText, headers: web.headerList(response.headers) };
  if (!response.webSocket) return { value: head, body: web.bodyOf(response) };
  return { value: { ...head, socket: response.webSocket._use() }, body: null };
};

const events = {
  async fetch(head, body) {
    return web.answerOf(await call('fetch', web.incoming(head, body)));
  },
  async socket(number, ...what) {
    web.socketArrived(number, ...what);
    return { value: null, body: null };
  },
  async scheduled(cron, time) {
    let noRetry = false;
    await call('scheduled', { cron, scheduledTime: time, type: 'scheduled', noRetry: () => void (noRetry = true), waitUntil: ctx.waitUntil });
    return { value: noRetry, body: null };
  },
  async queue(name, deliveries) {
    const verdict = { all: 0, delay: null, ack: [], retry: [] };
    const said = new Set(); // what is said of a message first counts
    const once = (id, list, entry) => {
      if (verdict.all === 0 && !said.has(id)) list.push(entry);
      said.add(id);
    };
    const messages = deliveries.map((d) => ({
      id: d.id,
      timestamp: new Date(d.timestamp),
      body: d.body,
      attempts: d.attempts,
      ack: () => once(d.id, verdict.ack, d.id),
      retry: (o) => once(d.id, verdict.retry, [d.id, o?.delaySeconds ?? null]),
    }));
    const all = (what, delay) => {
      if (verdict.all !== 0) return;
      verdict.all = what;
      verdict.delay = delay ?? null;
    };
    const batch = {
      queue: name,
      messages,
      metadata: { metrics: {} },
      ackAll: () => all(1),
      retryAll: (o) => all(2, o?.delaySeconds),
    };
    try {
      await call('queue', batch);
    } catch (e) {
      if (said.size === 0 && verdict.all === 0) throw e;
      console.error(`queue ${name}: ${e}`); // what was acknowledged stays so
      all(2);
    }
    return { value: verdict, body: null };
  },
};

web.events = events;

/** Gives the program an event. */
web.dispatch = (kind, args, body) => events[kind](...args, body);

/** Resolves once everything that waitUntil was given is settled. */
web.settled = async () => {
  for (let n = 0; n < waiting.length; ) {
    n = waiting.length;
    await Promise.all(waiting);
  }
};
