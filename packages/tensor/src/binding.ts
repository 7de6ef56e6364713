/** An attribute of a TensorFlow op, as tfjs-node's kernels give it. `type` is a TF_AttrType. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** A tensor that the native side made. `dtype` is a TF_DataType. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** What tfjs-node's addon exports (its `tfjs_binding.ts`): the part that is used here. */
export interface Binding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_UINT8: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(shape: readonly number[], dtype: number, data: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputIds: readonly number[],
    outputs: number,
  ): TensorMetadata[];
  loadSavedModel(directory: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, inputIds: readonly number[], inputs: string, outputs: string): TensorMetadata[];
  isUsingGpuDevice(): boolean;
  getNumOfTensors(): number;
}

/** The native tensor behind a tfjs tensor, as tfjs-node's backend keeps it. */
interface TensorEntry {
  readonly id: number;
  readonly dtype: number;
  readonly values: unknown;
}

/** What is used of tfjs-node's `NodeJSKernelBackend`. */
export interface NodeBackend {
  binding: Binding;
  readonly tensorMap: { get(dataId: object): TensorEntry };
  /** Native ids of tensors, uploading what was not yet uploaded. */
  getInputTensorIds(tensors: readonly object[]): number[];
  executeSingleOutput<T>(name: string, attributes: readonly OpAttribute[], inputs: readonly object[]): T;
  executeMultipleOutputs<T>(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly object[],
    outputs: number,
  ): T[];
}
