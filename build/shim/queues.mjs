// Queues: messages that Go sends, and batches that it consumes.

import { Event, Op, Start } from "./abi.mjs";
import { binding } from "./env.mjs";
import { nothing } from "./frame.mjs";

const contentTypes = ["json", "text", "bytes", "v8"];

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const queueOperations = {
  [Op.QUEUE_SEND](frame, r, w, id) {
    const queue = binding(frame, r.str(), "queue");
    const messages = [];
    for (let n = r.count(); n > 0; n--) {
      const contentType = contentTypes[r.u8()] ?? r.fail("unknown content type of a message");
      const body = r.value();
      messages.push({ contentType, body, delaySeconds: r.bool() ? r.f64() : undefined });
    }
    const delaySeconds = r.bool() ? r.f64() : undefined;
    const [{ body, ...options }] = messages;
    const sent = messages.length === 1 ? queue.send(body, options) : queue.sendBatch(messages, { delaySeconds });
    return frame.complete(id, sent, nothing);
  },
};

/** @param {import("./abi.mjs").Writer} w @param {number} object @param {any} batch */
function startQueue(w, object, batch) {
  w.u8(Event.START);
  w.u8(Start.QUEUE);
  w.uint(object);
  w.str(batch.queue);
  w.uint(batch.messages.length);
  for (const { id, timestamp, attempts, body } of batch.messages) {
    w.str(id);
    w.f64(Number(timestamp));
    w.uint(attempts ?? 1);
    w.value(body);
  }
}

const ACKNOWLEDGED = 1;
const RETRIED = 2;

/** @param {number | null} delay */
function retryOptions(delay) {
  return delay === null ? undefined : { delaySeconds: delay };
}

/** Has Go consume a batch, and says of its messages what Go said. @param {{start(encode: any, a: any, b: any): any}} target @param {any} batch */
export async function consume(target, batch) {
  const outcome = await target.start(startQueue, batch, null);
  const messages = new Map(batch.messages.map((/** @type {any} */ m) => [m.id, m]));
  for (const id of outcome.ack) messages.get(id)?.ack();
  for (const [id, delay] of outcome.retry) messages.get(id)?.retry(retryOptions(delay));
  if (outcome.all === ACKNOWLEDGED) batch.ackAll();
  if (outcome.all === RETRIED) batch.retryAll(retryOptions(outcome.delay));
}
