import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ownChild } from '../contest/contestant.ts';
import { median } from '../contest/rounds.ts';
import { programBeside } from '../program-beside.ts';
import { type BenchRow, benchRow } from '../row.ts';
import type { LanguagePeer, ProgramCall } from './peer.ts';
import type { StartChildOptions } from './start-child.ts';

const run = promisify(execFile);

interface Start {
  readonly seconds: number;
  readonly megabytes: number;
}

/** What an actor's decoder may take at most. */
const LIMITS: Start = { seconds: 2, megabytes: 300 };

/**
 * Seconds from the start of a process to the first token of a decoder, and the most memory that it takes until then. Held
 * against the most that an actor should need, and against a peer.
 */
export async function measureStart(
  name: string,
  directory: string,
  peer: LanguagePeer | null,
  times = 3,
): Promise<BenchRow[]> {
  const program = programBeside('start-child', import.meta.url);
  const ours = await startsOf(ownChild(program, { directory } satisfies StartChildOptions), times);
  const references = new Map([['the most it should take', LIMITS]]);
  if (peer !== null) references.set(peer.name, await startsOf(peer.start(directory), times));
  return [...references].flatMap(([reference, { seconds, megabytes }]) => [
    benchRow(`${name}, start to the first token`, ours.seconds, 's', reference, seconds, -1),
    benchRow(`${name}, memory until then`, ours.megabytes, 'MB', reference, megabytes, -1),
  ]);
}

/** The medians of some starts of a program that prints the bytes that it has taken. */
async function startsOf({ program, args }: ProgramCall, times: number): Promise<Start> {
  const [seconds, megabytes]: [number[], number[]] = [[], []];
  for (let i = 0; i < times; i++) {
    const begun = performance.now();
    const { stdout } = await run(program, args);
    seconds.push((performance.now() - begun) / 1000);
    megabytes.push(Number(stdout) / 1e6);
  }
  return { seconds: median(seconds), megabytes: median(megabytes) };
}
