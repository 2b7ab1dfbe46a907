// URLPattern: patterns with *, :name, (expressions), and {groups} with ?, + and *, for each part of a URL.

const parts = ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash'];
const escape = (text) => text.replace(/[.+*?^${}()[\]|/\\]/g, '\\$&');

/** The end of what opens at i. */
const closing = (text, i, open, close) => {
  let depth = 0;
  for (let k = i; k < text.length; k++) {
    if (text[k] === '\\') k++;
    else if (text[k] === open) depth++;
    else if (text[k] === close && --depth === 0) return k;
  }
  throw new TypeError(`Failed to construct 'URLPattern': a ${open} is not closed.`);
};

/** A regular expression of a pattern, and the names of its groups. */
const compile = (pattern, part, ignoreCase) => {
  const names = [];
  const separator = part === 'pathname' ? '/' : part === 'hostname' ? '.' : '';
  const segment = separator ? `[^${escape(separator)}]+?` : '.+?';
  let anonymous = 0;
  const translate = (text) => {
    let out = '';
    for (let i = 0; i < text.length; ) {
      let inner;
      let prefix = '';
      if (text[i] === '\\') {
        out += escape(text[i + 1] ?? '');
        i += 2;
        continue;
      }
      if (text[i] === '{') {
        const end = closing(text, i, '{', '}');
        inner = `(?:${translate(text.slice(i + 1, end))})`;
        i = end + 1;
      } else if (text[i] === '*') {
        names.push(String(anonymous++));
        inner = '(.*)';
        i++;
      } else if (text[i] === '(' || (text[i] === ':' && /[A-Za-z_$]/.test(text[i + 1] ?? ''))) {
        let name = '';
        if (text[i] === ':') {
          name = /^[A-Za-z_$][\w$]*/.exec(text.slice(i + 1))[0];
          i += 1 + name.length;
        }
        let expression = segment;
        if (text[i] === '(') {
          const end = closing(text, i, '(', ')');
          expression = text.slice(i + 1, end);
          i = end + 1;
        }
        name ||= String(anonymous++);
        if (names.includes(name)) throw new TypeError(`Failed to construct 'URLPattern': the name ${name} is there twice.`);
        names.push(name);
        inner = `(${expression})`;
        // A modifier takes the separator before it along.
        if (separator && /[?+*]/.test(text[i] ?? '') && out.endsWith(escape(separator))) {
          out = out.slice(0, -escape(separator).length);
          prefix = escape(separator);
        }
        if (text[i] === '?') inner = `(?:${prefix}(${expression}))?`;
        else if (text[i] === '+' || text[i] === '*') inner = `(?:${prefix}((?:${expression})(?:${prefix}(?:${expression}))*))${text[i] === '*' ? '?' : ''}`;
        else {
          out += inner;
          continue;
        }
        i++;
        out += inner;
        continue;
      } else {
        out += escape(text[i++]);
        continue;
      }
      if (/[?+*]/.test(text[i] ?? '')) inner = `(?:${inner})${text[i++]}`;
      out += inner;
    }
    return out;
  };
  return { regexp: new RegExp(`^${translate(pattern)}$`, ignoreCase ? 'i' : ''), names };
};

/** The parts of a pattern that is written as a URL. */
const split = (text, base) => {
  const found = {};
  let rest = text;
  const scheme = /^([a-zA-Z*{(:][^/?#]*?):\/\//.exec(rest) ?? /^([a-z]+):(?=[^/])/.exec(rest);
  const cut = (mark, name) => {
    let depth = 0;
    for (let i = 0; i < rest.length; i++) {
      if (rest[i] === '\\') i++;
      else if ('({'.includes(rest[i])) depth++;
      else if (')}'.includes(rest[i])) depth--;
      else if (depth === 0 && rest[i] === mark && (mark !== '?' || !/[\w)}*]/.test(rest[i - 1] ?? '') || /^\?[^/]*=/.test(rest.slice(i)))) {
        found[name] = rest.slice(i + 1);
        rest = rest.slice(0, i);
        return;
      }
    }
  };
  cut('#', 'hash');
  cut('?', 'search');
  if (scheme) {
    found.protocol = scheme[1];
    rest = rest.slice(scheme[0].length);
    const slash = rest.indexOf('/');
    const host = slash < 0 ? rest : rest.slice(0, slash);
    found.pathname = slash < 0 ? (found.search === undefined && found.hash === undefined ? '*' : '/') : rest.slice(slash);
    const port = /:(\d+|\*|\([^)]*\))$/.exec(host);
    found.hostname = port ? host.slice(0, port.index) : host;
    found.port = port ? port[1] : '';
    if (slash < 0 && found.pathname === '*') found.search ??= '*';
    found.search ??= '';
    found.hash ??= found.search === '*' || text.includes('#') ? '*' : '';
    return found;
  }
  if (base === undefined) throw new TypeError("Failed to construct 'URLPattern': a relative pattern needs a base URL.");
  const u = new URL(base);
  const pathname = rest.startsWith('/') ? rest : u.pathname.slice(0, u.pathname.lastIndexOf('/') + 1) + rest;
  return { protocol: u.protocol.slice(0, -1), hostname: u.hostname, port: u.port, pathname, search: found.search ?? '', hash: found.hash ?? '' };
};

global.URLPattern = class URLPattern {
  #parts = {};
  constructor(input = {}, base, options) {
    if (typeof base === 'object' && base !== null) [base, options] = [undefined, base];
    const given = typeof input === 'string' ? split(input, base) : { ...input };
    if (typeof input !== 'string' && given.baseURL) Object.assign(given, { ...split('', given.baseURL), ...input, baseURL: undefined });
    for (const name of parts) {
      let pattern = given[name] ?? '*';
      if (name === 'protocol') pattern = pattern.replace(/:$/, '');
      if (name === 'search') pattern = pattern.replace(/^\?/, '');
      if (name === 'hash') pattern = pattern.replace(/^#/, '');
      this.#parts[name] = compile(pattern, name, options?.ignoreCase);
      this[name] = pattern;
    }
  }
  get hasRegExpGroups() {
    return parts.some((name) => /(^|[^\\])\(/.test(this[name]));
  }
  test(input, base) {
    return this.exec(input, base) !== null;
  }
  exec(input = {}, base) {
    let u;
    try {
      u = typeof input === 'string' || input instanceof URL ? new URL(String(input), base) : { protocol: '', username: '', password: '', hostname: '', port: '', pathname: '', search: '', hash: '', ...input };
    } catch {
      return null;
    }
    const result = { inputs: base === undefined ? [input] : [input, base] };
    for (const name of parts) {
      let text = String(u[name]);
      if (name === 'protocol') text = text.replace(/:$/, '');
      if (name === 'search') text = text.replace(/^\?/, '');
      if (name === 'hash') text = text.replace(/^#/, '');
      const { regexp, names } = this.#parts[name];
      const match = regexp.exec(text);
      if (!match) return null;
      result[name] = { input: text, groups: Object.fromEntries(names.map((n, i) => [n, match[i + 1]])) };
    }
    return result;
  }
};
