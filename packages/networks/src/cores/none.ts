import type { Core } from './core.ts';

/** No core: features go through as they are, and nothing is remembered. */
export function noCore(width: number): Core {
  return {
    parameters: [],
    memory: [],
    width,
    forward: (_tf, _parameters, features) => ({ features, memory: {} }),
  };
}
