// Run by codec_test.go: reads vectors made by the Go codec, checks that abi.mjs decodes each to the value it stands for and
// survives damaged ones, and prints what abi.mjs encodes for the same values.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Malformed, Reader, Writer } from "../abi.mjs";

const vectors = JSON.parse(readFileSync(0, "utf8"));
const encodings = {};
let seed = 1;
const random = (n) => (seed = (seed * 48271) % 2147483647) % n;

for (const { name, hex, js } of vectors) {
  const want = (0, eval)(`(${js})`);
  const bytes = new Uint8Array(Buffer.from(hex, "hex"));
  const r = new Reader().from(bytes, 0, bytes.length);
  const got = r.value();
  r.finish();
  assert.deepStrictEqual(got, want, name);
  if (want instanceof Error) {
    assert.deepStrictEqual([got.name, got.message, got.constructor, { ...got }], [want.name, want.message, want.constructor, { ...want }], name);
  }
  const w = new Writer().into(new Uint8Array(random(40)), 0, 0);
  w.value(want);
  encodings[name] = Buffer.from(w.bytes()).toString("hex");
  for (let i = 0; i < 300; i++) damage(name, bytes.slice());
}

function damage(name, bytes) {
  for (let n = 1 + random(3); n > 0 && bytes.length > 0; n--) bytes[random(bytes.length)] = random(256);
  const length = random(4) === 0 ? random(bytes.length + 1) : bytes.length;
  try {
    new Reader().from(bytes, 0, length).value();
  } catch (e) {
    assert.ok(e instanceof Malformed, `${name}: ${Buffer.from(bytes).toString("hex")}: ${e.stack}`);
  }
}

const refused = {
  "a function": [() => 1, "DataCloneError", "()=>1 could not be cloned."],
  "a cycle": [(() => { const o = {}; o.o = o; return o; })(), "DataCloneError", "the value nests deeper than 500 levels or contains a cycle"],
  "a promise": [Promise.resolve(), "DataCloneError", 'Could not serialize object of type "Promise". This type does not support serialization.'],
};
for (const [name, [value, errorName, message]] of Object.entries(refused)) {
  assert.throws(() => new Writer().value(value), (e) => e.name === errorName && e.message.replaceAll(" =>", "=>").replaceAll("=> ", "=>") === message, name);
}

console.log(JSON.stringify(encodings));
