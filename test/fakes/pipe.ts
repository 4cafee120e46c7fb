import { Duplex } from "node:stream";

/** A stream in memory: what is written to it is read from it. */
export class Pipe extends Duplex {
  override _write(chunk: string, _encoding: string, done: () => void) {
    this.emit("data", chunk);
    done();
  }
  override _read() {}
}
