// What Go sees as js.Global(): the real global object behind a private layer that holds what Go's syscall package
// expects of Node (process, fs, path) and whatever Go code sets. The real global object is never changed.

const errno = (/** @type {string} */ code) => Object.assign(new Error(`${code}: there is no file system here`), { code });

const constants = Object.freeze({ O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_TRUNC: 512, O_APPEND: 1024, O_DIRECTORY: 65536 });

const absent = ["open", "stat", "lstat", "readlink", "unlink", "rmdir", "chmod", "chown", "lchown", "utimes", "rename", "truncate", "readdir"];
const impossible = ["close", "fchmod", "fchown", "fstat", "ftruncate", "link", "mkdir", "symlink", "read"];

/** @param {import("./console.mjs").Console} console */
function fileSystem(console) {
  /** @type {Record<string, any>} */
  const fs = {
    constants,
    /** @param {number} fd @param {Uint8Array} buf @param {number} offset @param {number} length @param {any} position @param {Function} done */
    write(fd, buf, offset, length, position, done) {
      if (fd !== 1 && fd !== 2) return done(errno("EBADF"));
      console.write(fd, buf.subarray(offset, offset + length));
      done(null, length);
    },
    /** @param {number} fd @param {Function} done */
    fsync: (fd, done) => done(null),
  };
  for (const name of absent) fs[name] = (/** @type {any[]} */ ...args) => args.at(-1)(errno("ENOENT"));
  for (const name of impossible) fs[name] = (/** @type {any[]} */ ...args) => args.at(-1)(errno("ENOSYS"));
  return fs;
}

const nodeProcess = {
  pid: 1,
  ppid: 0,
  argv0: "lattice",
  getuid: () => 0,
  getgid: () => 0,
  geteuid: () => 0,
  getegid: () => 0,
  getgroups: () => [0],
  umask: () => 0o22,
  cwd: () => "/",
  chdir() {
    throw errno("ENOSYS");
  },
};

const nodePath = { resolve: (/** @type {string[]} */ ...parts) => parts.join("/") };

/** @type {WeakMap<object, object>} the private layer of each global given to Go */
const layers = new WeakMap();

/** Makes the object that Go sees as js.Global(). @param {import("./instance.mjs").Instance} instance */
export function goGlobal(instance) {
  /** @type {Record<PropertyKey, any>} */
  const own = { process: nodeProcess, fs: fileSystem(instance.console), path: nodePath };
  const global = new Proxy(own, {
    get: (_, name) => (Object.hasOwn(own, name) ? own[name] : Reflect.get(globalThis, name)),
    has: (_, name) => Object.hasOwn(own, name) || Reflect.has(globalThis, name),
  });
  layers.set(global, own);
  return global;
}

/** The value of "this" for a method of target: the functions of the real global object insist on it. @param {any} target @param {string} name */
export function receiver(target, name) {
  const layer = typeof target === "object" && target !== null && layers.get(target);
  return layer && !Object.hasOwn(layer, name) ? globalThis : target;
}
