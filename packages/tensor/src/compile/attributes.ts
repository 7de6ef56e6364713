import type { Binding, OpAttribute } from '../binding.ts';
import { type AttrValue, shapeProto } from './proto.ts';
import type { Value } from './values.ts';

/** An attribute as a graph states it, from how a kernel gives it. */
export function attributeOf(binding: Binding, op: string, { name, type, value }: OpAttribute): AttrValue {
  const list = Array.isArray(value);
  switch (type) {
    case binding.TF_ATTR_INT:
      return list ? { list: { i: value as number[] } } : { i: value as number };
    case binding.TF_ATTR_FLOAT:
      return list ? { list: { f: value as number[] } } : { f: value as number };
    case binding.TF_ATTR_BOOL:
      return list ? { list: { b: value as boolean[] } } : { b: value as boolean };
    case binding.TF_ATTR_TYPE:
      return { type: value as number };
    case binding.TF_ATTR_STRING:
      return { s: Buffer.from(value as string) };
    case binding.TF_ATTR_SHAPE:
      return { shape: shapeProto(value as number[]) };
    default:
      throw new Error(
        `op ${op} can't be traced: its attribute '${name}' has a type (${type}) that is not known`,
      );
  }
}

/** Attributes that eager execution infers from the inputs and tfjs-node leaves out, by op: name, input. */
const INFERRED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ExpandDims: { T: 0, Tdim: 1 },
  Where: { T: 0 },
};

/** Attributes that tfjs-node gives although the op has none of that name; eager execution overlooks them. */
const UNKNOWN: Readonly<Record<string, readonly string[]>> = {};

/** The attributes of an op as its definition wants them. */
export function completeAttributes(
  type: string,
  given: Readonly<Record<string, AttrValue>>,
  inputs: readonly Value[],
): Record<string, AttrValue> {
  const attributes = { ...given };
  for (const name of UNKNOWN[type] ?? []) delete attributes[name];
  for (const [name, input] of Object.entries(INFERRED[type] ?? {})) {
    attributes[name] ??= { type: inputs[input]!.dtype };
  }
  return attributes;
}
