// Standard output and standard error of the Go program: whole lines go to the console. What may be Go's account of how the program ends is kept back: if it
// does end, the account is told as one error; if it goes on, the lines were its own.

const MOST = 256 << 10; // characters of it

/** Console collects what Go writes to the file descriptors 1 and 2. */
export class Console {
  constructor() {
    this.decoder = new TextDecoder();
    this.partial = ["", ""];
    this.held = "";
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
    if (i === 0) console.log(line);
    else if (!this.held && !/^(panic: |fatal error: |runtime: |SIG[A-Z]+: )/.test(line)) console.error(line);
    else if (this.held.length < MOST) this.held += `${line}\n`;
  }

  /** Prints what was kept back: the program goes on. */
  release() {
    if (this.held) console.error(this.held.trimEnd());
    this.held = "";
  }

  /** The line in which Go says why it ends, or "". */
  crash() {
    return this.held.split("\n", 1)[0];
  }
}
