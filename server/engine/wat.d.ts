/** WebAssembly text files are assembled when the server is bundled. */
declare module "*.wat" {
  const code: Uint8Array<ArrayBuffer>;
  export default code;
}

/** The part of the WebAssembly API in use; Node's types leave it to the browser's, which do not belong here. */
declare namespace WebAssembly {
  class Module {
    constructor(code: Uint8Array<ArrayBuffer>);
  }
  class Instance {
    constructor(module: Module);
    readonly exports: unknown;
  }
  class Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
}
