import type { Operator } from '../graph.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { LAYERS } from './layers.ts';
import { SHAPES } from './shapes.ts';

/** How tfjs's kernels are written in ONNX, by their names. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map([...ELEMENTWISE, ...SHAPES, ...LAYERS]);
