export { NumpyRandom, type NumpyRandomState } from './numpy-random.ts';
export { Random, type RandomState } from './random.ts';
