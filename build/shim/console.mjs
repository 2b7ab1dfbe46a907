// Standard output and standard error of the Go program: whole lines go to the console. The last lines of standard error
// are kept, because they say why an instance died.

const KEPT = 64; // lines of standard error

/** Console collects what Go writes to the file descriptors 1 and 2. */
export class Console {
  constructor() {
    this.decoder = new TextDecoder();
    this.partial = ["", ""];
    /** @type {string[]} */
    this.errors = [];
  }

  /** @param {number} fd @param {Uint8Array} bytes */
  write(fd, bytes) {
    const i = fd === 2 ? 1 : 0;
    const lines = (this.partial[i] + this.decoder.decode(bytes)).split("\n");
    this.partial[i] = lines.pop() ?? "";
    for (const line of lines) this.print(i, line);
  }

  /** Prints lines that were never ended. */
  flush() {
    for (let i = 0; i < 2; i++) {
      if (this.partial[i]) this.print(i, this.partial[i]);
      this.partial[i] = "";
    }
  }

  /** @param {number} i @param {string} line */
  print(i, line) {
    if (i === 0) {
      console.log(line);
      return;
    }
    console.error(line);
    if (this.errors.length === KEPT && !this.crash()) this.errors.shift();
    if (this.errors.length < KEPT) this.errors.push(line);
  }

  /** The line in which Go says why it ends, or "". */
  crash() {
    return this.errors.find((line) => /^(panic:|fatal error:|runtime:|SIG)/.test(line)) ?? "";
  }
}
