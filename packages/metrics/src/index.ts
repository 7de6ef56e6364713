export * from './fleet-state.ts';
