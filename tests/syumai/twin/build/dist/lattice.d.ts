// Made by lattice build. Do not edit.
/// <reference types="@cloudflare/workers-types" />
import { DurableObject } from "cloudflare:workers";

export declare class Counter extends DurableObject<Env> {
  fetch(request: Request): Promise<Response>;
}

export interface Env {
  SELF: DurableObjectNamespace<Counter>;
}

declare const worker: ExportedHandler<Env>;
export default worker;
