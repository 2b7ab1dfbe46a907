package gojs

// callGo runs the program's function id, from inside a call of the program.
func (in *Instance) callGo(id, this any, args []any) (any, error) {
	event := &object{props: map[string]any{
		"id": id, "this": this, "args": &object{isList: true, list: args}, "result": undefined{},
	}}
	in.pending = event
	// A function that is being executed cannot be entered again, so this is a fresh one.
	if _, err := in.mod.ExportedFunction("resume").Call(in.ctx); err != nil {
		return nil, err
	}
	return event.props["result"], nil
}

// fileSystem has standard output and standard error and no files. Its callbacks run before the call returns, as
// the calling goroutine would otherwise wait for an event that nobody sends.
func (in *Instance) fileSystem() *object {
	constants := &object{props: map[string]any{}}
	for _, name := range []string{"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_EXCL", "O_DIRECTORY"} {
		constants.props[name] = float64(-1)
	}
	fs := &object{name: "fs", props: map[string]any{"constants": constants}}
	for _, name := range []string{
		"chmod", "chown", "close", "fchmod", "fchown", "fstat", "ftruncate", "lchown", "link", "lstat", "mkdir", "open", "read",
		"readdir", "readlink", "rename", "rmdir", "stat", "symlink", "truncate", "unlink", "utimes",
	} {
		code := "ENOSYS"
		switch name {
		case "open", "stat", "lstat", "readdir", "readlink":
			code = "ENOENT" // callers go on to their next choice when a file is not there
		}
		fs.props[name] = function(name, func(_ any, args []any) (any, error) {
			return in.callback(args, newError(code, "the module has no file system: "+name+" is not available"))
		})
	}
	fs.props["fsync"] = function("fsync", func(_ any, args []any) (any, error) { return in.callback(args, nil) })
	fs.props["writeSync"] = function("writeSync", func(_ any, args []any) (any, error) { return in.write(args) })
	fs.props["write"] = function("write", func(_ any, args []any) (any, error) {
		n, err := in.write(args)
		if err != nil {
			return in.callback(args, newError("EBADF", "only standard output and standard error can be written"))
		}
		return in.callback(args, nil, n)
	})
	return fs
}

// callback calls the function that is the last argument.
func (in *Instance) callback(args []any, results ...any) (any, error) {
	if len(args) == 0 {
		return nil, throwf("a callback is missing")
	}
	return in.invoke(args[len(args)-1], undefined{}, results)
}

func (in *Instance) write(args []any) (any, error) {
	fd, ok := first(args).(float64)
	if !ok || len(args) < 2 || (fd != 1 && fd != 2) {
		return nil, throwf("only standard output and standard error can be written")
	}
	buf, ok := args[1].(*object)
	if !ok || !buf.isView {
		return nil, throwf("fs.write takes a Uint8Array")
	}
	in.env.Output(int(fd), buf.bytes)
	return float64(len(buf.bytes)), nil
}
