// What the two halves of the codec share: tags of values, and what JavaScript makes of them.

export const MAX_DEPTH = 500;

export const Tag = Object.freeze({
  UNDEFINED: 0, NULL: 1, FALSE: 2, TRUE: 3, INT: 4, FLOAT: 5, STRING: 6, BYTES: 7, DATE: 8, ARRAY: 9, OBJECT: 10,
  MAP: 11, SET: 12, BIGINT: 13, ERROR: 14, TYPED: 15, BUFFER: 16, REGEXP: 17,
  STUB: 18, READABLE: 19, WRITABLE: 20, REQUEST: 21, RESPONSE: 22, HEADERS: 23,
});

/** @type {any[]} constructors by typed array kind */
export const typedArrays = [Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array,
  BigInt64Array, BigUint64Array, DataView];

/** @type {Record<string, any>} error classes that an ABI Error becomes by its name */
export const errorClasses = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
export const errorFlags = ["remote", "retryable", "overloaded", "durableObjectReset"];

/** One number and its bytes, in the order of the ABI. */
export const float = new Float64Array(1);
export const floatBytes = new Uint8Array(float.buffer);
