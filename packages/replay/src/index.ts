export type * from './batch.ts';
export type * from './chunk.ts';
export type * from './store.ts';
