import { createHash } from 'node:crypto';
import { changesBetween, loadRunConfig, type Method, parseRunConfig, type RunConfig } from '@qfleet/config';
import { findEnvironment } from '@qfleet/envs';

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
  /** Whether it is trained by a fleet, with the machine to itself; else in one process, beside another cell. */
  readonly fleet?: boolean;
  /** How what it learns from, offline, was recorded; left out: it plays. */
  readonly recording?: Recording;
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

/** A line's part for one seed: what one process runs, and one line of the results. */
export type Cell = TrainedCell | FixedCell;

/** How a table is made. */
export interface Pace {
  /** The part of a configuration's steps and updates that is run: 1, or less for a quick look. */
  readonly part: number;
}

/** The settings of a cell above its preset's. */
export function settingsOf(cell: Cell, { part }: Pace): string[] {
  const given = [`seed=${cell.seed}`, ...(cell.set ?? [])];
  if (part === 1) return given;
  const { stop, exploration, evaluation } = loadRunConfig({ preset: cell.preset }, given, methodOf(cell));
  const partOf = (path: string, whole: number | null): string[] =>
    whole === null ? [] : [`${path}=${Math.ceil(whole * part)}`];
  return [
    ...given,
    ...partOf('stop.maxUpdates', stop.maxUpdates),
    ...partOf('stop.maxSteps', stop.maxSteps),
    ...partOf('evaluation.every', evaluation.every),
    ...(exploration.kind === 'schedule' ? partOf('exploration.steps', exploration.steps) : []),
  ];
}

/** The complete configuration that a cell is run with. */
export const configOf = (cell: Cell, pace: Pace): RunConfig =>
  loadRunConfig({ preset: cell.preset }, settingsOf(cell, pace), methodOf(cell));

function methodOf({ preset, method }: Task): Method | null {
  if (method === undefined) return null;
  const { observationSpace } = findEnvironment(loadRunConfig({ preset }).environment.id);
  return { preset: method, observation: observationSpace.kind === 'box' ? observationSpace.shape : [] };
}

/**
 * What a cell's result depends on, as a hash: a result of another key is of no use any more. Settings that are the
 * defaults do not count, so that a new field leaves the results of old ones.
 */
export function keyOf(cell: Cell, pace: Pace): string {
  const how =
    cell.kind === 'trained'
      ? {
          fleet: cell.fleet === true,
          ...(cell.recording === undefined ? {} : { recording: cell.recording }),
        }
      : { action: cell.action };
  const config = configOf(cell, pace);
  const defaults = parseRunConfig(
    `environment: {id: any}\nagent: {kind: ${config.agent.kind}}`,
    'the defaults',
  );
  const settings = changesBetween(defaults, config).map(({ path, to }) => [path, to]);
  const text = JSON.stringify([ALGORITHM, cell.kind, how, settings.sort()]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** The cell in words, for progress. */
export const describeCell = (cell: Cell): string =>
  `${cell.preset}${cell.method === undefined ? '' : `, ${cell.method}`}${cell.kind === 'fixed' || cell.name !== undefined ? `, ${cell.name}` : ''}, seed ${cell.seed}`;
