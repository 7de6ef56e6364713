import type { Reference } from './figures.ts';

/** Transitions a second, and microseconds of CPU time a transition where that was taken. */
export interface PeerFigure {
  readonly rate: number;
  readonly cpu?: number;
}

/** What another library reached on the same transitions, by the names of `SHAPES`. Reverb's frames are not stacked. */
export interface PeerFigures {
  /** With its version. */
  readonly name: string;
  readonly shapes: Readonly<Record<string, PeerShape>>;
}

interface PeerShape {
  readonly insert: PeerFigure;
  /** By batch size. */
  readonly sample: Readonly<Record<number, PeerFigure>>;
}

/** The peers of a run of the benchmark; where one is not there, what was recorded of it. */
export interface Peers {
  readonly cpprb?: PeerFigures;
  readonly reverb?: PeerFigures;
}

/** Prioritized with the update of priorities, on a 2-core CPU. */
const CPPRB: PeerFigures = {
  name: 'cpprb 11.0 (recorded)',
  shapes: {
    'CartPole-size': { insert: { rate: 8.8e6 }, sample: { 32: { rate: 0.96e6 }, 256: { rate: 1.45e6 } } },
    '84×84×4 uint8': { insert: { rate: 0.3e6 }, sample: { 32: { rate: 0.2e6 } } },
  },
};

/** The better of two setups on localhost of a 2-core CPU; inserts are those of one producer. */
const REVERB: PeerFigures = {
  name: 'Reverb (recorded)',
  shapes: {
    'CartPole-size': { insert: { rate: 19_000 }, sample: { 256: { rate: 140_000 } } },
    '84×84×4 uint8': { insert: { rate: 13_900 }, sample: { 256: { rate: 44_000 } } },
  },
};

/** The peer's figure for one operation as a reference; null where it has none. */
export function referenceTo(
  peer: keyof Peers,
  peers: Peers,
  shape: string,
  operation: 'insert' | number,
): Reference | null {
  const { name, shapes } = peers[peer] ?? { cpprb: CPPRB, reverb: REVERB }[peer];
  const figure = operation === 'insert' ? shapes[shape]?.insert : shapes[shape]?.sample[operation];
  if (figure === undefined) return null;
  return {
    name,
    transitionsPerSecond: figure.rate,
    ...(figure.cpu === undefined ? {} : { cpuMicroseconds: figure.cpu }),
  };
}
