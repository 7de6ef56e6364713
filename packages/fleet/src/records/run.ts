import { ConfigError, type RunConfig, runConfigOf } from '@qfleet/config';
import type { RunPhase } from '@qfleet/metrics';
import type { RedisClient } from '@qfleet/replay';
import { FleetConfigurationError } from '../errors.ts';
import { fleetKeys } from '../keys.ts';
import { numberWithin } from './admit.ts';
import { readFields } from './read.ts';
import { printable, refuse } from './refusals.ts';

/** What all processes of a run know of it. */
export interface RunRecord {
  readonly run: string;
  readonly config: RunConfig;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly phase: RunPhase;
  /** Why the phase is what it is, for people; null: not said. */
  readonly reason: string | null;
  /** How often its settings were changed. */
  readonly revision: number;
  /** The version of Qfleet that made the record; null: one that did not say. */
  readonly version: string | null;
}

const MOST_BYTES = 256 * 1024;
const PHASES: readonly RunPhase[] = ['starting', 'running', 'stopping', 'stopped', 'finished', 'failed'];

/**
 * The record as it is now; null: there is none. Modules and addresses in it are another machine's: see `ownConfig`.
 * @throws FleetConfigurationError, which says in a line what is wrong, for a record that is refused.
 */
export async function readRun(redis: RedisClient, run: string): Promise<RunRecord | null> {
  const key = fleetKeys(run).run;
  const names = ['config', 'startedAt', 'phase', 'reason', 'revision', 'version'] as const;
  const fields = await readFields(redis, 'run', key, names, MOST_BYTES);
  if (fields.config == null) return null;
  const problem = (what: string): FleetConfigurationError => {
    refuse('run', what);
    return new FleetConfigurationError(
      `The record of run ${run} in Redis is refused: ${printable(what)}; start its learner again, or choose another run id.`,
    );
  };
  let config: RunConfig;
  try {
    config = runConfigOf(JSON.parse(fields.config), 'the configuration');
  } catch (error) {
    if (error instanceof SyntaxError) throw problem('its configuration is not JSON');
    if (error instanceof ConfigError) throw problem(error.problems[0].replace(/\.$/, ''));
    throw error;
  }
  const startedAt = numberWithin(fields.startedAt ?? '', 0, 8.64e15);
  if (startedAt === null) throw problem(`startedAt is ${JSON.stringify(fields.startedAt)}, and no time`);
  const phase = phaseOf(fields.phase);
  if (phase === null) throw problem(`its phase is ${JSON.stringify(fields.phase)}`);
  return {
    run,
    config,
    startedAt,
    phase,
    reason: reasonOf(fields.reason),
    revision: revisionOf(fields.revision),
    version: fields.version ? printable(fields.version, LONGEST_VERSION) : null,
  };
}

/** The phase that a text names, or null. */
export const phaseOf = (text: string | null | undefined): RunPhase | null =>
  PHASES.find((phase) => phase === text) ?? null;

/** A count of changes; what is none counts as 0. */
export const revisionOf = (text: string | null | undefined): number =>
  numberWithin(text ?? '', 0, Number.MAX_SAFE_INTEGER) ?? 0;

/** Characters of a version that are told. */
const LONGEST_VERSION = 64;

/** Why a run failed is a whole sentence, with what to do at its end. */
const LONGEST_REASON = 2_000;

/** A reason as it may be shown; null: none. */
export const reasonOf = (text: string | null | undefined): string | null =>
  text ? printable(text, LONGEST_REASON) : null;
