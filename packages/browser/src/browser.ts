/** The same in a browser, where tfjs has to be told where its WebAssembly lies. */
export { setWasmFile } from '@qfleet/tensor';
export * from './index.ts';
