// What Go's own runtime and standard library ask of JavaScript: wasm_exec.js gives it to them on workerd.

const refuse = (code, what) => Object.assign(new Error(`the module has no file system: ${what} is not available`), { code });
const fs = { constants: { O_WRONLY: -1, O_RDWR: -1, O_CREAT: -1, O_TRUNC: -1, O_APPEND: -1, O_EXCL: -1, O_DIRECTORY: -1 } };
for (const name of [
  'chmod', 'chown', 'close', 'fchmod', 'fchown', 'fstat', 'ftruncate', 'lchown', 'link', 'lstat', 'mkdir', 'open', 'read', 'readdir', 'readlink',
  'rename', 'rmdir', 'stat', 'symlink', 'truncate', 'unlink', 'utimes',
]) {
  // Callers go on to their next choice when a file is not there.
  const code = ['open', 'stat', 'lstat', 'readdir', 'readlink'].includes(name) ? 'ENOENT' : 'ENOSYS';
  // Callbacks run before the call returns: the goroutine that calls waits for them.
  fs[name] = (...args) => args[args.length - 1](refuse(code, name));
}
fs.fsync = (fd, done) => done(null);
fs.writeSync = (fd, bytes) => {
  if (fd !== 1 && fd !== 2) throw refuse('EBADF', 'a file other than standard output and standard error');
  host.output(fd, bytes);
  return bytes.length;
};
fs.write = (fd, bytes, offset, length, position, done) => {
  if (fd !== 1 && fd !== 2) return done(refuse('EBADF', 'a file other than standard output and standard error'));
  host.output(fd, bytes.subarray(offset, offset + length));
  done(null, length);
};
global.fs = fs;

global.process = {
  pid: 1,
  ppid: 0,
  getuid: () => -1,
  getgid: () => -1,
  geteuid: () => -1,
  getegid: () => -1,
  cwd: () => '/',
};
for (const name of ['getgroups', 'umask', 'chdir']) {
  global.process[name] = () => {
    throw Object.assign(new Error(`a Worker has no process.${name}`), { code: 'ENOSYS' });
  };
}
global.path = { resolve: (...parts) => parts.join('/') };

/** The Go object of wasm_exec.js. */
web.go = {
  _pendingEvent: null,
  _makeFuncWrapper(id) {
    return function () {
      const event = { id, this: this, args: arguments };
      web.go._pendingEvent = event;
      host.resume();
      return event.result;
    };
  },
};

global.tryCatch = (f) => {
  try {
    return { result: f() };
  } catch (error) {
    return { error };
  }
};
