/** Parameters by name, as plain float32 arrays with their shapes: what is published, checkpointed and exported. */
export type NamedTensors = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
>;
