/** What of this package runs without Node: how rewards count. */
export { rewardShaping } from './sampling/sample-unit.ts';
