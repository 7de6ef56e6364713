export type * from './environment.ts';
export type * from './spaces.ts';
