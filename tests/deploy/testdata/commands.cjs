// Prints the commands of wrangler that its help shows, with their flags, as JSON: node commands.cjs WRANGLER
const { experimental_getWranglerCommands } = require(process.argv[2]);
const { registry, globalFlags } = experimental_getWranglerCommands();
const list = (v) => [].concat(v ?? []);
const dashed = (name) => (name.length === 1 ? "-" : "--") + name;
const flags = (args, positional) =>
  Object.entries(args ?? {})
    .filter(([name, a]) => !a.hidden && !a.deprecated && !list(positional).includes(name))
    .map(([name, a]) => [name, ...list(a.alias)].map(dashed));
const commands = [{ command: "*", flags: flags(globalFlags) }];
const walk = (node, words) => {
  for (const [word, below] of node.subtree) {
    const d = below.definition;
    if (d?.metadata?.hidden) continue;
    const command = [...words, word].join(" ");
    if (d && d.type !== "namespace") commands.push({ command, flags: flags(d.args, d.positionalArgs) });
    walk(below, [...words, word]);
  }
};
walk(registry, []);
process.stdout.write(JSON.stringify(commands));
