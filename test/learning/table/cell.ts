import { createHash } from 'node:crypto';
import {
  changesBetween,
  learnsFromRounds,
  loadRunConfig,
  type Method,
  parseRunConfig,
  type RunConfig,
} from '@qfleet/config';
import { findEnvironment, isTextEnvironment } from '@qfleet/envs';
import { type PeerName, peerText } from './peers.ts';

/** Raise it when what a configuration trains changes, though the configuration does not: every cell is then run again. */
const ALGORITHM = 1;

/** What is common to all cells. */
interface Task {
  /** A preset of an environment. */
  readonly preset: string;
  /** What it is trained by; left out: the preset's own way. */
  readonly method?: string;
  readonly seed: number;
  /** Settings above the preset's, as of `--set`. */
  readonly set?: readonly string[];
}

/** An agent that is trained and then judged. */
export interface TrainedCell extends Task {
  readonly kind: 'trained';
  /** How the table names it. Default: its method, else its preset. */
  readonly name?: string;
  /** How what it learns from, offline, was recorded; left out: it plays. */
  readonly recording?: Recording;
  /** Seconds that it is planned to take, which bound a quick look; left out: only its settings do. */
  readonly seconds?: number;
  /** Whether it is trained by a fleet, with the machine to itself; else in one process, beside another cell. */
  readonly fleet?: boolean;
}

/** How recorded experience comes about: by two runs of the cell's own seed, so that it is always the same. */
export interface Recording {
  /** The settings of the run that learns a policy. */
  readonly policy: readonly string[];
  /** The settings of the run that goes on with its best weights, and whose replay is what is learned from. */
  readonly play: readonly string[];
}

/** A policy that is only judged: always the same action, or each by chance where `action` is null. */
export interface FixedCell extends Task {
  readonly kind: 'fixed';
  readonly action: number | null;
  /** How the table names it. */
  readonly name: string;
}

/** Another library's agent on the same task, trained by a program of `test/learning/peers` and then judged. */
export interface PeerCell extends Task {
  readonly kind: 'peer';
  readonly peer: PeerName;
  /** Seconds after which its training ends, evaluations not counted. */
  readonly seconds: number;
  /** Frames from one evaluation to the next. */
  readonly every: number;
}

/** A line's part for one seed: what one process runs, and one line of the results. */
export type Cell = TrainedCell | FixedCell | PeerCell;

/** How a table is made. */
export interface Pace {
  /** The part of a configuration's steps and updates that is run: 1, or less for a quick look. */
  readonly part: number;
  /** The part of a cell's planned seconds after which a quick look at it ends. */
  readonly seconds: number;
}

/** How the documents' tables are made. */
export const WHOLE: Pace = { part: 1, seconds: 1 };
/** A quick look at them. Its seconds are fewer by more, since starts and last episodes take as long as ever. */
export const QUICK: Pace = { part: 0.1, seconds: 0.05 };

/** Whether a cell needs the machine to itself: a fleet, a round of many copies, or a library that takes every core. */
export const isAlone = (cell: Cell): boolean =>
  cell.kind === 'peer' ||
  (cell.kind === 'trained' && (cell.fleet === true || learnsFromRounds(configOf(cell, WHOLE))));

/** The settings of a cell above its preset's. */
export function settingsOf(cell: Cell, { part, seconds }: Pace): string[] {
  const given = [`seed=${cell.seed}`, ...(cell.set ?? [])];
  if (part === 1) return given;
  const { stop, exploration, evaluation } = loadRunConfig({ preset: cell.preset }, given, methodOf(cell));
  const partOf = (path: string, whole: number | null): string[] =>
    whole === null ? [] : [`${path}=${Math.ceil(whole * part)}`];
  return [
    ...given,
    ...partOf('stop.maxUpdates', stop.maxUpdates),
    ...partOf('stop.maxSteps', stop.maxSteps),
    ...(cell.kind === 'trained' && cell.seconds !== undefined
      ? [`stop.maxSeconds=${Math.ceil(cell.seconds * seconds)}`]
      : []),
    ...partOf('evaluation.every', evaluation.every),
    ...(exploration.kind !== 'ladder' ? partOf('exploration.steps', exploration.steps) : []),
  ];
}

/** The complete configuration that a cell is run with. */
export const configOf = (cell: Cell, pace: Pace): RunConfig =>
  loadRunConfig({ preset: cell.preset }, settingsOf(cell, pace), methodOf(cell));

function methodOf({ preset, method }: Task): Method | null {
  if (method === undefined) return null;
  const { id } = loadRunConfig({ preset }).environment;
  if (isTextEnvironment(id)) return { preset: method, observation: null };
  const { observationSpace } = findEnvironment(id);
  return { preset: method, observation: observationSpace.kind === 'box' ? observationSpace.shape : [] };
}

/**
 * What a cell's result depends on, as a hash: a result of another key is of no use any more. Settings that are the
 * defaults do not count, so that a new field leaves the results of old ones.
 */
export function keyOf(cell: Cell, pace: Pace): string {
  const config = configOf(cell, pace);
  const defaults = parseRunConfig(
    `environment: {id: any}\nagent: {kind: ${config.agent.kind}}`,
    'the defaults',
  );
  const settings = changesBetween(defaults, config).map(({ path, to }) => [path, to]);
  const text = JSON.stringify([ALGORITHM, cell.kind, howOf(cell, pace), settings.sort()]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** What a result depends on beside the configuration. */
function howOf(cell: Cell, { part, seconds }: Pace): object {
  if (cell.kind === 'trained') {
    const { fleet = false, recording } = cell;
    return { fleet, ...(recording === undefined ? {} : { recording }) };
  }
  if (cell.kind === 'fixed') return { action: cell.action };
  const { peer, every } = cell;
  return { text: peerText(peer), seconds: cell.seconds * seconds, every, part };
}

/** What a cell trains by, or plays, in words; left out: its preset's own way. */
export function wayOf(cell: Cell): string | undefined {
  if (cell.kind === 'trained') return cell.name ?? cell.method;
  return cell.kind === 'fixed' ? cell.name : cell.peer;
}

/** The cell in words, for progress. */
export const describeCell = (cell: Cell): string =>
  [cell.preset, wayOf(cell) ?? [], `seed ${cell.seed}`].flat().join(', ');
