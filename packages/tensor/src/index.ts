export type * from './named-tensors.ts';
