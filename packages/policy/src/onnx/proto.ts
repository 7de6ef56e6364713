import { createRequire } from 'node:module';
import type { Type } from 'protobufjs';

/** The part of ONNX's protocol buffers that a model needs, with its field numbers (onnx/onnx.proto, IR version 8). */
const SCHEMA = `
syntax = "proto2";
message ModelProto {
  optional int64 ir_version = 1; optional string producer_name = 2; optional string producer_version = 3;
  optional string doc_string = 6; optional GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
}
message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
message StringStringEntryProto { optional string key = 1; optional string value = 2; }
message GraphProto {
  repeated NodeProto node = 1; optional string name = 2; repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
}
message NodeProto {
  repeated string input = 1; repeated string output = 2; optional string name = 3; optional string op_type = 4;
  repeated AttributeProto attribute = 5;
}
message AttributeProto {
  optional string name = 1; optional float f = 2; optional int64 i = 3; optional bytes s = 4; repeated int64 ints = 8;
  optional TensorProto t = 5; optional int32 type = 20;
}
message TensorProto {
  repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8; optional bytes raw_data = 9;
}
message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; optional string doc_string = 3; }
message TypeProto { optional TensorTypeProto tensor_type = 1; }
message TensorTypeProto { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
message TensorShapeProto { repeated Dimension dim = 1; }
message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
`;

/** TensorProto.DataType. */
export const ELEMENT = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;

/** The name of an element type. */
export type ElementType = keyof typeof ELEMENT;

/** AttributeProto.AttributeType. */
export const ATTRIBUTE = { float: 1, int: 2, string: 3, tensor: 4, ints: 7 } as const;

/** A tensor in a file; `rawData` is little-endian. */
export interface TensorProto {
  readonly name?: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData: Uint8Array;
}

/** An attribute of a node; one field beside `type` is set. */
export interface AttributeProto {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly ints?: readonly number[];
}

/** An operator's node in a graph. */
export interface NodeProto {
  readonly name: string;
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly AttributeProto[];
}

/** An input or an output of a graph. */
export interface ValueInfoProto {
  readonly name: string;
  readonly docString: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly ({ dimValue: number } | { dimParam: string })[] };
    };
  };
}

/** A file. */
export interface ModelProto {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly docString: string;
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[];
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
  readonly graph: {
    readonly name: string;
    readonly node: readonly NodeProto[];
    readonly initializer: readonly TensorProto[];
    readonly input: readonly ValueInfoProto[];
    readonly output: readonly ValueInfoProto[];
  };
}

function modelType(): Type {
  const protobuf = createRequire(import.meta.url)('protobufjs') as typeof import('protobufjs');
  return protobuf.parse(SCHEMA).root.lookupType('ModelProto');
}

/**
 * The bytes of an ONNX file. They are written by protobufjs, as TensorFlow's graphs are (`@qfleet/tensor`): ONNX's own packages
 * are for Python and C++, and a writer of our own would be another thing to keep right.
 */
export function encodeModel(model: ModelProto): Uint8Array {
  return modelType().encode(model).finish();
}

/** The model in the bytes of a file that `encodeModel` made. */
export function decodeModel(bytes: Uint8Array): ModelProto {
  const type = modelType();
  return type.toObject(type.decode(bytes), { longs: Number }) as ModelProto;
}
