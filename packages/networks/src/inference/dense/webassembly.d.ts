/** The part of the WebAssembly namespace that is used here: TypeScript declares it only among a browser's types. */
declare global {
  namespace WebAssembly {
    class Module {
      constructor(bytes: Uint8Array<ArrayBuffer>);
    }
    class Memory {
      /** @param descriptor its size in pages of 64 KiB. */
      constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
      readonly buffer: ArrayBuffer;
      grow(pages: number): number;
    }
    class Instance {
      constructor(module: Module, imports: { memory: { memory: Memory } });
      readonly exports: object;
    }
  }
}

export {};
