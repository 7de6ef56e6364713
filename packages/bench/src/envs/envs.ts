import { isBridged } from '@qfleet/env-host';
import { findEnvironment } from '@qfleet/envs';
import { type ContestantCommand, ownChild } from '../contest/contestant.ts';
import { compare } from '../contest/rounds.ts';
import { peerPythonIfAny, peerScript } from '../peers/python.ts';
import { programBeside } from '../program-beside.ts';
import { type BenchRow, benchRow } from '../row.ts';
import { COPIES, type EnvCase, type EnvPeer } from './cases.ts';
import type { EnvsChildOptions } from './envs-child.ts';

/** What a batched kernel is held against. */
const SCALAR = 'the same copies one after the other';
/** The copies at which it is. */
const SCALAR_COPIES = 64;
const ROUNDS = 5;

/** How long is measured, in milliseconds of processor time. */
interface Durations {
  /** One figure, over all rounds. */
  readonly figure: number;
  readonly warmUp: number;
}

/**
 * Steps a second of processor time, observations written and ends handled, of each environment at each number of
 * copies: a figure of one core. Batched kernels are held against the same copies without, and with `peer` all are
 * held against other libraries, alternately. What Python plays is measured by the wall's clock, on all cores, and so is its peer.
 */
export async function benchEnvs(
  cases: readonly EnvCase[],
  peer = false,
  durations: Durations = { figure: peer ? 2500 : 750, warmUp: 400 },
): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const each of cases) rows.push(...(await benchCase(each, peer, durations)));
  return rows;
}

/** Something that is measured, by a name that no other contestant of a case has. */
interface Entrant {
  readonly reference: string;
  readonly copies: number;
  readonly command: ContestantCommand;
}

async function benchCase(envCase: EnvCase, peer: boolean, durations: Durations): Promise<BenchRow[]> {
  const { id, goals, copies: counts = COPIES } = envCase;
  const ours = (copies: number, scalar: boolean): ContestantCommand => {
    const options: EnvsChildOptions = { id, copies, scalar, warmUp: durations.warmUp };
    return ownChild(programBeside('envs-child', import.meta.url), options);
  };
  const entrants: Entrant[] = counts.map((copies) => ({
    reference: '',
    copies,
    command: ours(copies, false),
  }));
  if (!isBridged(id) && findEnvironment(id).createVector !== undefined) {
    entrants.push({ reference: SCALAR, copies: SCALAR_COPIES, command: ours(SCALAR_COPIES, true) });
  }
  if (peer) for (const each of envCase.peers) entrants.push(...(await entrantsOf(each, id, counts)));
  const key = ({ reference, copies }: Entrant) => `${reference} ${copies}`;
  const commands = Object.fromEntries(entrants.map((entrant) => [key(entrant), entrant.command]));
  const figures = await compare(commands, durations.figure, ROUNDS);
  const rate = (entrant: Entrant | undefined) => {
    const microseconds = entrant && figures.get(key(entrant));
    return microseconds && stepsPerSecond(microseconds);
  };
  return counts.flatMap((copies) => {
    const name = `${id}, ${copies} ${copies === 1 ? 'copy' : 'copies'}`;
    const value = rate(entrants.find((entrant) => entrant.reference === '' && entrant.copies === copies))!;
    const references = [SCALAR, ...envCase.peers.map((each) => each.name)].flatMap((reference) => {
      const { batched = true } = envCase.peers.find((each) => each.name === reference) ?? {};
      const theirs = rate(
        entrants.find(
          (entrant) => entrant.reference === reference && entrant.copies === (batched ? copies : 1),
        ),
      );
      return theirs === undefined ? [] : [{ reference, theirs }];
    });
    if (references.length === 0) return [benchRow(name, value, 'steps/s')];
    return references.map(({ reference, theirs }): BenchRow => {
      const goal = reference === envCase.peers[0]?.name ? goals[copies] : undefined;
      return { ...benchRow(name, value, 'steps/s', reference, theirs), ...(goal && { goal }) };
    });
  });
}

/** A peer at each number of copies that it has a form for; none, with a line on stderr, where pip can't bring it. */
async function entrantsOf(peer: EnvPeer, id: string, counts: readonly number[]): Promise<Entrant[]> {
  const python = await peerPythonIfAny(peer.python, peer.packages);
  if (python === null) return [];
  return (peer.batched ? counts : [1]).map((copies) => ({
    reference: peer.name,
    copies,
    command: {
      program: python,
      args: [peerScript('envs.py'), JSON.stringify({ library: peer.library, id: peer.id ?? id, copies })],
      optional: true,
    },
  }));
}

/** The mean over rounds of equal lengths, so that each counts with the resets that it met. */
const stepsPerSecond = (microseconds: readonly number[]): number =>
  microseconds.reduce((sum, each) => sum + 1e6 / each, 0) / microseconds.length;
