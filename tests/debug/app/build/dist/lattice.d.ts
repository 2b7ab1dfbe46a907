// Made by lattice build. Do not edit.
/// <reference types="@cloudflare/workers-types" />

export interface Env {
}

declare const worker: ExportedHandler<Env>;
export default worker;
