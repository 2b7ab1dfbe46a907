// R2: methods of buckets and multipart uploads by name, with bodies beside their arguments.

import { Op } from "./abi.mjs";
import { binding } from "./env.mjs";
import { readBody, writeBody } from "./http.mjs";

/** Conditions and ranges that are headers come as lists of pairs. @param {any} options */
function optionsOf(options) {
  for (const name of ["onlyIf", "range"]) if (Array.isArray(options?.[name])) options[name] = new Headers(options[name]);
  return options ?? undefined;
}

/** @type {Record<string, (bucket: any, args: any[], body: any) => Promise<any>>} */
const methods = {
  head: (bucket, [key]) => bucket.head(key),
  get: (bucket, [key, options]) => bucket.get(key, optionsOf(options)),
  put: (bucket, [key, options], body) => bucket.put(key, body, optionsOf(options)),
  delete: (bucket, [keys]) => bucket.delete(keys),
  list: (bucket, [options]) => bucket.list(options ?? undefined),
  createMultipartUpload: (bucket, [key, options]) => bucket.createMultipartUpload(key, options ?? undefined),
  uploadPart: (bucket, [key, upload, number], body) => bucket.resumeMultipartUpload(key, upload).uploadPart(number, body),
  complete: (bucket, [key, upload, parts]) => bucket.resumeMultipartUpload(key, upload).complete(parts),
  abort: (bucket, [key, upload]) => bucket.resumeMultipartUpload(key, upload).abort(),
};

/** What is known of a stored object, as plain data. @param {any} o */
function described(o) {
  if (o === null || o === undefined || Array.isArray(o)) return o ?? null;
  if (Array.isArray(o.objects)) {
    const { objects, truncated, cursor, delimitedPrefixes } = o;
    return { objects: objects.map(described), truncated, cursor: cursor ?? null, delimitedPrefixes };
  }
  if (typeof o.uploadId === "string") return { key: o.key, uploadId: o.uploadId };
  if (o.partNumber !== undefined && o.etag !== undefined) return { partNumber: o.partNumber, etag: o.etag };
  const { key, version, size, etag, httpEtag, uploaded, httpMetadata, customMetadata, range, storageClass, ssecKeyMd5 } = o;
  const { md5, sha1, sha256, sha384, sha512 } = o.checksums ?? {};
  return {
    key, version, size, etag, httpEtag, uploaded, httpMetadata: { ...httpMetadata }, customMetadata: { ...customMetadata },
    range: range ? { ...range } : null, storageClass: storageClass ?? null, ssecKeyMd5: ssecKeyMd5 ?? null, checksums: { md5, sha1, sha256, sha384, sha512 },
  };
}

/** @param {any} result */
async function received(result) {
  // An object with a body comes from get alone, and not when a condition did not hold.
  const small = result?.body && result.size <= 65536 && !result.range ? new Uint8Array(await result.arrayBuffer()) : result?.body ? undefined : null;
  return { result, small };
}

/** @type {Record<number, import("./operations.mjs").Operation>} */
export const r2Operations = {
  [Op.R2](frame, r, w, id) {
    const bucket = binding(frame, r.str(), "R2");
    const name = r.str();
    const args = r.values();
    const body = readBody(frame, r);
    if (!Object.hasOwn(methods, name)) r.fail(`unknown method of R2 ${name}`);
    const answer = methods[name](bucket, args, body).then(received);
    return frame.complete(id, answer, (w, { result, small }, frame) => {
      w.value(described(result));
      writeBody(w, result, small, frame, result?.range?.length ?? result?.size ?? -1);
    });
  },
};
