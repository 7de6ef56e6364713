import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@qfleet/config';
import { LockedError, RunDirectory } from '@qfleet/report';
import { type Plan, pendingJobs, SweepDirectory } from '@qfleet/sweep';
import { CommandError, exitCodes, UsageError } from '../errors.ts';
import { openRedis } from '../fleet-redis.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { LiveDisplay } from '../terminal/live-display.ts';
import { print, printJson, shown } from '../terminal/output.ts';
import { checkTraining } from '../train/check-training.ts';
import { askGymnasium } from '../train/known-environment.ts';
import { sessionLog } from '../train/log.ts';
import { OwnRedis } from '../train/own-redis.ts';
import { checkTrust } from '../trust.ts';
import { type Asked, askedFor, type SweepOptions } from './asked.ts';
import { cellTable, dryRunDocument, estimate } from './dry-run.ts';
import { SweepMeter, type SweepProgress, sweepView } from './progress.ts';
import {
  type Report,
  reportCsv,
  reportDocument,
  reportOf,
  reportTable,
  settingText,
  writeReport,
} from './report.ts';
import { work } from './work.ts';

type Display = LiveDisplay<SweepProgress>;
type GivenUp = Awaited<ReturnType<typeof work>>;

/** Seconds for which a Redis of this command's own may be away, as it is started again. */
const OWN_REDIS_PATIENCE_SECONDS = 60;

/** `qfleet sweep`: everything that can be refused is refused before anything starts. */
export async function sweep(what: string, options: SweepOptions): Promise<number> {
  if (options.json && options.csv) throw new UsageError('--json and --csv both print to stdout: choose one.');
  const idle = (['csv', 'retry'] as const).find((option) => options.dryRun && options[option]);
  if (idle !== undefined) throw new UsageError(`--${idle} does nothing with --dry-run: leave it out.`);
  await askGymnasium(what);
  const asked = askedFor(what, options);
  const { plan } = asked;
  // What was named on the command line is trusted; what a directory says may be somebody else's.
  if (asked.directory !== null && what === asked.path) {
    for (const { config } of plan.cells) checkTrust({ path: what, config }, options.trust === true);
  }
  const workers = options.workers ?? workersFor(plan);
  if (asked.directory === null) await checkSettings(plan, options.redis);
  if (options.dryRun) return await dryRun(asked, workers, options.json === true);
  const display: Display = new LiveDisplay(sweepView, options.json === true || options.csv === true);
  const interrupt = new Interrupt(() =>
    display.say('Ending: the runs take a checkpoint each. Ctrl-C again ends them at once.'),
  );
  try {
    const { directory, givenUp } = await workOn(asked, options, workers, display, interrupt);
    display.close();
    const report = reportOf(directory);
    writeReport(report);
    await printReport(report, options);
    return conclude(report, givenUp);
  } finally {
    interrupt.stop();
    display.close();
  }
}

/** As many runs as this machine has cores for: one in one process takes about one, a fleet one a process that works. */
function workersFor({ base, definition: { mode } }: Plan): number {
  const each = mode === 'single' ? 1 : base.fleet.actors + 1;
  return Math.max(1, Math.floor(availableParallelism() / each));
}

async function dryRun({ plan, directory }: Asked, workers: number, json: boolean): Promise<number> {
  const interrupt = new Interrupt(() => undefined);
  try {
    const results = directory?.readResults() ?? new Map();
    const estimated = await estimate(plan, results, workers, interrupt);
    await (json
      ? printJson(dryRunDocument(plan, results, estimated))
      : print(cellTable(plan, results, estimated)));
    return exitCodes.done;
  } finally {
    interrupt.stop();
  }
}

/** @throws ConfigError naming the first setting that can be known to fail; a user's module is not run for it. */
async function checkSettings(
  { settings, cells, seeds, definition: { mode } }: Plan,
  redis?: string,
): Promise<void> {
  for (const [place, setting] of settings.entries()) {
    const { config } = cells[place * seeds.length];
    try {
      if (config.environment.module === undefined) {
        await checkTraining(config, mode === 'single' ? undefined : redis);
      }
    } catch (error) {
      throw new ConfigError([`With ${settingText(setting)}: ${(error as Error).message.split('\n')[0]}`]);
    }
  }
}

/** Works on a sweep over the Redis that was named, shared with whoever else does, or alone over one of its own. */
async function workOn(
  asked: Asked,
  options: SweepOptions,
  workers: number,
  display: Display,
  { signal, killed }: Interrupt,
): Promise<{ directory: SweepDirectory; givenUp: GivenUp }> {
  using claim = options.redis === undefined ? await claimSweep(asked.path) : null;
  const directory = asked.directory ?? SweepDirectory.create(asked.path, asked.plan);
  if (options.retry) directory.removeFailures();
  const results = directory.readResults();
  if (pendingJobs(directory.plan, results).length === 0) return { directory, givenUp: [] };
  const { plan, path } = directory;
  display.say(
    `${results.size > 0 ? 'Going on with' : 'Sweeping'} ${plan.base.environment.id}: ${plan.cells.length} cells, ${workers} side by side, in ${shown(path)}`,
  );
  const log = sessionLog(display);
  const meter = new SweepMeter(directory);
  const ending = claim === null ? signal : AbortSignal.any([signal, claim.lost]);
  const workOver = async (url: string, failed: AbortSignal | null, patience: number): Promise<GivenUp> => {
    const end = failed === null ? ending : AbortSignal.any([ending, failed]);
    const redis = await openRedis(url, log, { patience, signal: end });
    try {
      return await work(directory, redis, {
        ...{ workers, log, signal: end, killed, redis: options.redis ?? null },
        onProgress: (results, active) => display.update(meter.read(results, active)),
      });
    } finally {
      redis.disconnect();
    }
  };
  const givenUp = await unlessEnding(ending, async () => {
    if (options.redis !== undefined) return await workOver(options.redis, null, 0);
    // What it holds follows from the directory.
    const settings = { dir: join(path, 'redis'), persistence: 'none' } as const;
    const own = await OwnRedis.start(settings, log, signal);
    try {
      const given = await workOver(own.url, own.failed, OWN_REDIS_PATIENCE_SECONDS);
      own.failed.throwIfAborted();
      return given;
    } finally {
      await own.stop();
    }
  });
  claim?.lost.throwIfAborted();
  return { directory, givenUp };
}

/** What `task` gives; nothing where the signal ended one of its waits. */
async function unlessEnding(signal: AbortSignal, task: () => Promise<GivenUp>): Promise<GivenUp> {
  try {
    return await task();
  } catch (error) {
    if (!signal.aborted) throw error;
    return [];
  }
}

/** @throws CommandError where another command without `--redis` works on the sweep. */
async function claimSweep(path: string) {
  try {
    return await RunDirectory.claim(path, { onWait: (sentence) => process.stderr.write(`${sentence}\n`) });
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new CommandError(
      `${shown(path)} is worked on now (${error.holder}): end that first, or start both with the same --redis URL, so that they share the work.`,
    );
  }
}

async function printReport(report: Report, { json, csv }: SweepOptions): Promise<void> {
  if (json) return printJson(reportDocument(report));
  await print(csv ? reportCsv(report) : reportTable(report));
}

/** The exit code, with a sentence for what failed. */
function conclude({ best, isFinished, results }: Report, givenUp: GivenUp): number {
  const say = (sentence: string): void => void process.stderr.write(`error: ${sentence}\n`);
  for (const { cell, reason } of givenUp) say(`The cell ${cell} could not be trained: ${reason}`);
  if (givenUp.length > 0) return exitCodes.failed;
  if (!isFinished || best !== null) return exitCodes.done;
  const [{ failure }] = [...results.values()].filter((result) => result.failure !== null);
  say(`Every setting has a cell that failed: ${failure}`);
  return exitCodes.failed;
}
