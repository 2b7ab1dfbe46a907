// The library's generated files answer every path below /api.
import mod from '../../build/app.wasm';
import * as program from '../../build/shim.mjs';

program.init(mod);
export const onRequest = program.onRequest;
