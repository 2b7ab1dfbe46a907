// connect() of cloudflare:sockets.

const addressOf = (a) => {
  if (typeof a === 'object' && a !== null) return `${a.hostname}:${a.port}`;
  const text = String(a);
  if (!/^.+:\d+$/.test(text)) throw new TypeError('Specified address could not be parsed.');
  return text;
};

web.connect = (address, { secureTransport = 'off', allowHalfOpen = false } = {}) => {
  const target = addressOf(address);
  if (!['on', 'off', 'starttls'].includes(secureTransport)) throw new TypeError(`Unsupported value in secureTransport socket option: ${secureTransport}`);
  return socketOf(host.call('connect', [target, secureTransport === 'on'], null).then(({ value, body }) => ({ id: value.id, info: value, incoming: body })), target, secureTransport, allowHalfOpen);
};

const socketOf = (connected, target, secureTransport, allowHalfOpen) => {
  const closed = web.deferred();
  closed.promise.catch(() => {});
  connected.catch((e) => closed.reject(e));
  let incoming = null;
  let upgraded = false;
  const end = async () => {
    const { id } = await connected;
    if (!upgraded) await host.call('socketClose', [id], null);
    closed.resolve();
  };
  const readable = new ReadableStream(
    {
      async pull(c) {
        incoming ??= (await connected).incoming.getReader();
        const { done, value } = await incoming.read();
        if (!done) return c.enqueue(value);
        c.close();
        if (!allowHalfOpen) await end();
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
  const writable = new WritableStream({
    async write(chunk) {
      const { id } = await connected;
      await host.call('socketWrite', [id, web.bytesOf(chunk)], null);
    },
    async close() {
      const { id } = await connected;
      await host.call('socketCloseWrite', [id], null);
    },
    abort: end,
  });
  return web.strict(
    {
      readable,
      writable,
      closed: closed.promise,
      opened: connected.then(({ info }) => ({ remoteAddress: info.remoteAddress, localAddress: info.localAddress })),
      secureTransport,
      upgraded: false,
      close: end,
      startTls() {
        if (secureTransport !== 'starttls') throw new TypeError(`The \`secureTransport\` socket option must be set to 'starttls' for startTls to be used.`);
        upgraded = true;
        const secure = connected.then(({ id }) => host.call('socketStartTls', [id, target], null)).then(({ value, body }) => ({ id: value.id, info: value, incoming: body }));
        return socketOf(secure, target, 'on', allowHalfOpen);
      },
    },
    'Socket',
  );
};
