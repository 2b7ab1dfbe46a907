// Compression: the host reads what is written, and makes what is read.

const formats = ['deflate', 'deflate-raw', 'gzip'];

const make = (op, name) =>
  class {
    constructor(format) {
      if (!formats.includes(String(format))) throw new TypeError("The compression format must be either 'deflate', 'deflate-raw' or 'gzip'.");
      const { readable, writable } = new IdentityTransformStream();
      const made = host.call(op, [String(format)], readable).then(({ body }) => body.getReader());
      made.catch(() => {});
      this.readable = new ReadableStream(
        {
          async pull(c) {
            const { done, value } = await (await made).read();
            if (done) c.close();
            else c.enqueue(value);
          },
          cancel: async (reason) => (await made).cancel(reason),
        },
        { highWaterMark: 0 },
      );
      this.writable = writable;
    }
    static get name() {
      return name;
    }
  };

global.CompressionStream = make('compress', 'CompressionStream');
global.DecompressionStream = make('decompress', 'DecompressionStream');
