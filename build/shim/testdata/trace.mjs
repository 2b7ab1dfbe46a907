// Run by trace_test.go: what trace.mjs makes of each trace is what stands beside it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { shortened } from "../trace.mjs";

for (const file of process.argv.slice(2)) {
  assert.equal(`${shortened(readFileSync(file, "utf8"))}\n`, readFileSync(file.replace(/trace$/, "shown"), "utf8"), file);
}
