// Reads configurations with wrangler's own functions: node readconfig.cjs WRANGLER CASES, where CASES is a JSON array of {dir, file, env}.
// It prints, for each, what wrangler makes of it: {config, vars, found, warnings, error}.
const { readFileSync } = require("node:fs");
const { relative } = require("node:path");

const wrangler = require(process.argv[2]);
const results = [];
let warnings = [];
for (const method of ["log", "info", "warn", "error", "debug"]) {
  console[method] = (...args) => { if (method === "warn") warnings.push(args.join(" ")); };
}

for (const { dir, file, env } of JSON.parse(readFileSync(process.argv[3], "utf8"))) {
  warnings = [];
  const result = {};
  try {
    process.chdir(dir);
    const config = wrangler.unstable_readConfig({ config: file || undefined, env: env || undefined });
    result.found = relative(dir, config.configPath);
    if (config.main) config.main = relative(dir, config.main);
    result.config = config;
    const vars = wrangler.unstable_getVarsForDev(config.configPath, undefined, config.vars, env || undefined, true, config.secrets);
    result.vars = Object.fromEntries(Object.entries(vars).map(([name, v]) => [name, v.value]));
  } catch (err) {
    result.error = String(err.message ?? err);
  }
  result.warnings = warnings;
  results.push(result);
}
process.stdout.write(JSON.stringify(results), () => process.exit(0));
