// crypto: randomness, and crypto.subtle on the host's cryptography. Keys are checked here, and worked with there.

const hex = (b) => [...b].map((x) => x.toString(16).padStart(2, '0')).join('');
const names = ['HMAC', 'AES-GCM', 'AES-CBC', 'AES-CTR', 'RSASSA-PKCS1-v1_5', 'RSA-PSS', 'RSA-OAEP', 'ECDSA', 'ECDH', 'Ed25519', 'X25519', 'HKDF', 'PBKDF2', 'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', 'MD5'];
const spelled = (name) => names.find((n) => n.toLowerCase() === String(name).toLowerCase()) ?? String(name);
const refuse = (name, text) => {
  throw new DOMException(text, name);
};
const isData = (v) => v instanceof ArrayBuffer || ArrayBuffer.isView(v);
const data = (v) => {
  if (!isData(v)) throw new TypeError("Failed to execute a method of 'SubtleCrypto': the data is not of type 'ArrayBuffer or ArrayBufferView'.");
  return web.bytesOf(v);
};

/** An algorithm as the host takes it. */
const normal = (given) => {
  if (typeof given === 'string') return { name: spelled(given) };
  const a = {};
  for (const [k, v] of Object.entries(given ?? {})) {
    if (k === 'public' || v === undefined) continue;
    a[k] = isData(v) ? web.bytesOf(v) : v;
  }
  a.name = spelled(a.name);
  if (a.hash !== undefined) a.hash = spelled(a.hash.name ?? a.hash);
  return a;
};

const materials = new WeakMap();

class CryptoKey {
  constructor(token, type, algorithm, extractable, usages) {
    if (token !== materials) throw new TypeError('Illegal constructor');
    Object.assign(this, { type, extractable, algorithm, usages });
  }
}

const ofPrivate = ['sign', 'decrypt', 'deriveKey', 'deriveBits', 'unwrapKey'];
const ofPublic = ['verify', 'encrypt', 'wrapKey'];
const possible = {
  HMAC: ['sign', 'verify'], 'RSASSA-PKCS1-v1_5': ['sign', 'verify'], 'RSA-PSS': ['sign', 'verify'], ECDSA: ['sign', 'verify'], Ed25519: ['sign', 'verify'],
  'AES-CTR': ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'], 'AES-CBC': ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'], 'AES-GCM': ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'],
  'RSA-OAEP': ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'], ECDH: ['deriveKey', 'deriveBits'], X25519: ['deriveKey', 'deriveBits'], HKDF: ['deriveKey', 'deriveBits'], PBKDF2: ['deriveKey', 'deriveBits'],
};

/** Makes a CryptoKey of what the host made. */
const keyOf = (a, made, extractable, usages) => {
  const algorithm = { name: a.name };
  for (const k of ['modulusLength', 'publicExponent', 'namedCurve']) if (made[k] !== undefined) algorithm[k] = made[k];
  if (a.hash !== undefined) algorithm.hash = { name: a.hash };
  if ((a.name === 'HMAC' || a.name.startsWith('AES-')) && made.length !== undefined) algorithm.length = made.length;
  const allowed = made.type === 'public' ? ofPublic : made.type === 'private' ? ofPrivate : usages;
  const key = new CryptoKey(materials, made.type, algorithm, made.type === 'public' || extractable, usages.filter((u) => allowed.includes(u)));
  materials.set(key, made.secret ? { type: 'secret', secret: made.secret } : { type: made.type, der: made.der });
  return key;
};

const checkUsages = (a, usages) => {
  if (!possible[a.name]) refuse('NotSupportedError', `Unrecognized key import algorithm "${a.name}" requested.`);
  const list = [...(usages ?? [])];
  for (const u of list) if (!possible[a.name]?.includes(u)) refuse('SyntaxError', `Attempt to import or generate ${a.name} key with an invalid usage: "${u}".`);
  return list;
};

const perform = (...args) => host.do('crypto', args);

/** The algorithm and the key of an operation. */
const using = (given, key, usage) => {
  const a = normal(given);
  if (!(key instanceof CryptoKey)) throw new TypeError("parameter is not of type 'CryptoKey'.");
  if (key.algorithm.name !== a.name) refuse('InvalidAccessError', `Requested algorithm "${a.name}" does not match this CryptoKey "${key.algorithm.name}".`);
  if (!key.usages.includes(usage)) refuse('InvalidAccessError', `Requested key usage "${usage}" does not match any usage listed in this CryptoKey.`);
  if (key.algorithm.hash) a.hash ??= key.algorithm.hash.name;
  return [a, materials.get(key)];
};

const result = (bytes) => bytes.buffer;

const derive = (given, key, length, usage) => {
  const [a, material] = using(given, key, usage);
  return perform('deriveBits', a, material, length ?? null, given.public ? materials.get(given.public) : null);
};

const jwkNames = {
  HMAC: (k) => 'HS' + k.algorithm.hash.name.slice(4), 'RSASSA-PKCS1-v1_5': (k) => 'RS' + k.algorithm.hash.name.slice(4), 'RSA-PSS': (k) => 'PS' + k.algorithm.hash.name.slice(4),
  'RSA-OAEP': (k) => 'RSA-OAEP' + (k.algorithm.hash.name === 'SHA-1' ? '' : k.algorithm.hash.name.slice(3)),
  'AES-GCM': (k) => `A${k.algorithm.length}GCM`, 'AES-CBC': (k) => `A${k.algorithm.length}CBC`, 'AES-CTR': (k) => `A${k.algorithm.length}CTR`,
};

const subtle = {
  async digest(algorithm, bytes) {
    const { value } = await host.call('digest', [String(algorithm.name ?? algorithm), data(bytes)], null);
    return value.buffer;
  },
  async generateKey(given, extractable, usages) {
    const a = normal(given);
    const list = checkUsages(a, usages);
    const made = perform('generateKey', a);
    const half = (k) => keyOf(a, k, Boolean(extractable), list);
    const keys = made.privateKey ? { publicKey: half(made.publicKey), privateKey: half(made.privateKey) } : half(made);
    if ((keys.privateKey ?? keys).usages.length === 0) refuse('SyntaxError', 'Usages cannot be empty when creating a key.');
    return keys;
  },
  async importKey(format, keyData, given, extractable, usages) {
    const a = normal(given);
    const list = checkUsages(a, usages);
    const content = format === 'jwk' ? keyData : isData(keyData) ? web.bytesOf(keyData).slice() : null;
    const key = keyOf(a, perform('importKey', a, String(format), content), Boolean(extractable), list);
    if (key.type !== 'public' && key.usages.length === 0) refuse('SyntaxError', `${key.type === 'secret' ? 'Secret' : 'Private'} key must have at least one usage.`);
    return key;
  },
  async exportKey(format, key) {
    if (!(key instanceof CryptoKey)) throw new TypeError("parameter 2 is not of type 'CryptoKey'.");
    if (!key.extractable) refuse('InvalidAccessError', 'Attempt to export non-extractable key of type "' + key.algorithm.name + '".');
    const out = perform('exportKey', { name: key.algorithm.name }, materials.get(key), String(format));
    if (format !== 'jwk') return out.slice().buffer;
    const alg = jwkNames[key.algorithm.name]?.(key);
    const { kty, ...rest } = out;
    return { kty, key_ops: [...key.usages], ...(alg ? { alg } : {}), ext: true, ...rest };
  },
  async sign(given, key, bytes) {
    const [a, material] = using(given, key, 'sign');
    return result(perform('sign', a, material, data(bytes)));
  },
  async verify(given, key, signature, bytes) {
    const [a, material] = using(given, key, 'verify');
    return perform('verify', a, material, data(bytes), data(signature));
  },
  async encrypt(given, key, bytes) {
    const [a, material] = using(given, key, 'encrypt');
    return result(perform('encrypt', a, material, data(bytes)));
  },
  async decrypt(given, key, bytes) {
    const [a, material] = using(given, key, 'decrypt');
    return result(perform('decrypt', a, material, data(bytes)));
  },
  async deriveBits(given, key, length) {
    return result(derive(given, key, length, 'deriveBits'));
  },
  async deriveKey(given, key, derived, extractable, usages) {
    const a = normal(derived);
    const length = a.length ?? (a.name === 'HMAC' ? (['SHA-384', 'SHA-512'].includes(a.hash) ? 1024 : 512) : null);
    return subtle.importKey('raw', derive(given, key, length, 'deriveKey'), derived, extractable, usages);
  },
  async wrapKey(format, key, wrapping, given) {
    const out = await subtle.exportKey(format, key);
    const [a, material] = using(given, wrapping, 'wrapKey');
    return result(perform('encrypt', a, material, format === 'jwk' ? host.encode(JSON.stringify(out)) : new Uint8Array(out)));
  },
  async unwrapKey(format, wrapped, unwrapping, given, algorithm, extractable, usages) {
    const [a, material] = using(given, unwrapping, 'unwrapKey');
    const bytes = perform('decrypt', a, material, data(wrapped));
    return subtle.importKey(format, format === 'jwk' ? JSON.parse(host.decode(bytes)) : bytes, algorithm, extractable, usages);
  },
  timingSafeEqual(a, b) {
    const [x, y] = [data(a), data(b)];
    if (x.length !== y.length) throw new TypeError('Input buffers must have the same byte length.');
    let difference = 0;
    for (let i = 0; i < x.length; i++) difference |= x[i] ^ y[i];
    return difference === 0;
  },
};

/** A stream that takes what is written to it for a digest. */
class DigestStream extends WritableStream {
  constructor(algorithm) {
    const chunks = [new Uint8Array(0)];
    const done = web.deferred();
    done.promise.catch(() => {});
    super({
      write: (chunk) => void chunks.push(data(typeof chunk === 'string' ? host.encode(chunk) : chunk).slice()),
      close: async () => done.resolve(await subtle.digest(algorithm, web.concat(chunks))),
      abort: (reason) => done.reject(reason),
    });
    this.digest = done.promise;
  }
}

global.CryptoKey = CryptoKey;
global.crypto = {
  getRandomValues(view) {
    host.random(web.bytesOf(view));
    return view;
  },
  randomUUID() {
    const b = host.random(new Uint8Array(16));
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    const h = hex(b);
    return [h.slice(0, 8), h.slice(8, 12), h.slice(12, 16), h.slice(16, 20), h.slice(20)].join('-');
  },
  subtle: web.strict(subtle, 'crypto.subtle'),
  DigestStream,
};
