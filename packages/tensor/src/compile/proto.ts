import { createRequire } from 'node:module';
import type { Type } from 'protobufjs';

/**
 * The part of TensorFlow's protocol buffers that a graph needs, with its field numbers (tensorflow/core/protobuf/
 * saved_model.proto, meta_graph.proto, core/framework/graph.proto, node_def.proto, attr_value.proto, tensor.proto).
 */
const SCHEMA = `
syntax = "proto3";
message SavedModel { int64 saved_model_schema_version = 1; repeated MetaGraphDef meta_graphs = 2; }
message MetaGraphDef { MetaInfoDef meta_info_def = 1; GraphDef graph_def = 2; }
message MetaInfoDef { repeated string tags = 4; }
message GraphDef { repeated NodeDef node = 1; VersionDef versions = 4; }
message VersionDef { int32 producer = 1; int32 min_consumer = 2; }
message NodeDef { string name = 1; string op = 2; repeated string input = 3; map<string, AttrValue> attr = 5; }
message AttrValue {
  oneof value {
    ListValue list = 1; bytes s = 2; int64 i = 3; float f = 4; bool b = 5; int32 type = 6;
    TensorShapeProto shape = 7; TensorProto tensor = 8;
  }
}
message ListValue { repeated int64 i = 3; repeated float f = 4; repeated bool b = 5; repeated int32 type = 6; }
message TensorShapeProto { repeated Dim dim = 2; }
message Dim { int64 size = 1; }
message TensorProto { int32 dtype = 1; TensorShapeProto tensor_shape = 2; bytes tensor_content = 4; }
`;

/** A shape in a graph. */
export interface ShapeProto {
  readonly dim: readonly { readonly size: number }[];
}

/** One attribute of a node; exactly one field is set. */
export interface AttrValue {
  readonly list?: { i?: number[]; f?: number[]; b?: boolean[]; type?: number[] };
  readonly s?: Uint8Array;
  readonly i?: number;
  readonly f?: number;
  readonly b?: boolean;
  readonly type?: number;
  readonly shape?: ShapeProto;
  readonly tensor?: { dtype: number; tensorShape: ShapeProto; tensorContent: Uint8Array };
}

/** One op of a graph. Inputs are `name:index`, or `^name` for order alone. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: string[];
  readonly attr: Record<string, AttrValue>;
}

/** The GraphDef version of TensorFlow 2.20; older libraries take it too, since `min_consumer` is 0. */
const PRODUCER = 2226;

/** The tag under which the graph of a file made by `encodeSavedModel` is loaded. */
export const TAG = 'qfleet';

let savedModel: Type | null = null;

/** Loaded when the first graph is written, so that actors, which write none, never do. */
function savedModelType(): Type {
  const protobuf = createRequire(import.meta.url)('protobufjs') as typeof import('protobufjs');
  savedModel ??= protobuf.parse(SCHEMA).root.lookupType('SavedModel');
  return savedModel;
}

/** A SavedModel file that holds a graph and nothing else: no variables, signatures or saver. */
export function encodeSavedModel(nodes: readonly NodeDef[]): Uint8Array {
  const message = {
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: [TAG] },
        graphDef: { node: nodes, versions: { producer: PRODUCER, minConsumer: 0 } },
      },
    ],
  };
  return savedModelType().encode(message).finish();
}

/** A shape as a graph states it. */
export function shapeProto(shape: readonly number[]): ShapeProto {
  return { dim: shape.map((size) => ({ size })) };
}
