// Timers belong to the shim. Go's runtime only records deadlines here; a deadline is armed as a setTimeout of the frame
// that is current when Wasm is left, because a timer dies with its I/O context. The invariant: while Go has a
// deadline, some live frame has a timer for it, or gets one within KEEP_ALIVE.
//
// A frame in a critical section cannot be rung from outside: the bell's continuation would wait for the section to end.
// It trusts no other frame's timer, and looks by itself whether it was asked to wake.
//
// The closure of a frame's timer is also what keeps the frame reachable while it waits for other goroutines only.

import { Event } from "./abi.mjs";
import { enter } from "./enter.mjs";

const KEEP_ALIVE = 2000; // ms between two looks of an unfinished frame at the deadlines
const FIRST_LOOK = 4, LAST_LOOK = 256; // ms between two looks of a frame in a critical section, doubling
const LATE = 250; // ms after which a timer that has not fired is taken for dead

/** Timers holds the deadlines of Go's runtime. */
export class Timers {
  constructor() {
    /** @type {Map<number, number>} */
    this.deadlines = new Map();
    this.last = 0;
    /** @type {WeakRef<import("./frame.mjs").Frame> | null} the frame that has, or was asked to set, a timer for the earliest deadline */
    this.cover = null;
  }

  /** @param {number} ms */
  schedule(ms) {
    this.deadlines.set(++this.last, Date.now() + ms);
    return this.last;
  }

  /** @param {number} id */
  clear(id) {
    this.deadlines.delete(id);
  }

  earliest() {
    let due = Infinity;
    for (const time of this.deadlines.values()) due = Math.min(due, time);
    return due;
  }

  /** Tells whether a frame other than this one can be trusted to wake Go at due. @param {import("./frame.mjs").Frame} frame @param {number} due @param {number} now */
  covered(frame, due, now) {
    const cover = this.cover?.deref();
    return cover !== undefined && cover !== frame && !cover.over && !cover.deaf && cover.timerDue <= due && cover.timerDue > now - LATE;
  }
}

/**
 * Makes sure, on leaving Wasm in a frame, that Go wakes for its earliest deadline.
 * @param {import("./frame.mjs").Frame} frame
 */
export function arm(frame) {
  const { timers } = frame.instance;
  const due = timers.deadlines.size > 0 ? timers.earliest() : Infinity;
  if (frame.over) {
    frame.disarm();
    if (due < Infinity) delegate(frame, due);
    return;
  }
  if (due === Infinity && !frame.locked && (frame.pending > 0 || frame.idle)) return;
  const now = Date.now();
  if (frame.locked) {
    frame.look = Math.min(frame.look * 2 || FIRST_LOOK, LAST_LOOK);
    set(frame, Math.min(due, now + frame.look), now);
    return;
  }
  if (due < Infinity && !timers.covered(frame, due, now)) {
    timers.cover = frame.weak;
    set(frame, frame.idle ? due : Math.min(due, now + KEEP_ALIVE), now);
  } else if (!frame.timer && !frame.idle) {
    set(frame, now + KEEP_ALIVE, now);
  }
}

/** Finds a live frame for a deadline that a finished frame leaves behind. @param {import("./frame.mjs").Frame} frame @param {number} due */
function delegate(frame, due) {
  const { instance } = frame;
  const now = Date.now();
  if (instance.timers.covered(frame, due, now)) return;
  const other = instance.liveFrame(frame);
  if (other) {
    instance.timers.cover = other.weak;
    other.timerDue = Math.min(other.timerDue, Math.max(due, now));
    other.ring();
    return;
  }
  const home = frame.object?.frame;
  if (!home || home.over) return;
  instance.timers.cover = home.weak;
  set(home, due, now); // frames of one object share its I/O context
}

/** @param {import("./frame.mjs").Frame} frame @param {number} due @param {number} now */
function set(frame, due, now) {
  if (frame.timer) {
    if (frame.armedFor <= due) {
      frame.timerDue = frame.armedFor;
      return;
    }
    clearTimeout(frame.timer);
  }
  frame.timerDue = frame.armedFor = due;
  frame.timer = setTimeout(fire, Math.max(0, due - now), frame);
}

/** @param {import("./frame.mjs").Frame} frame */
function fire(frame) {
  frame.timer = 0;
  frame.timerDue = frame.armedFor = Infinity;
  const { instance } = frame;
  if (instance.dead || frame.over) return;
  if (frame.wakeAsked) {
    frame.wakeAsked = false;
    enter(frame, wake);
  } else if (instance.timers.earliest() <= Date.now()) enter(frame);
  else arm(frame);
}

/** @param {import("./abi.mjs").Writer} w */
export function wake(w) {
  w.u8(Event.WAKE);
}
