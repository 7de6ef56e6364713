import { type FleetState, type ProcessSnapshot, recordKinds, refusedTotal } from '@qfleet/metrics';
import { bytes, clock, fold, integer, returned, short, style, table } from '../terminal/output.ts';

/** Two readings of a fleet: rates come from the difference. */
export interface Readings {
  readonly before: FleetState;
  readonly now: FleetState;
}

const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(1)} ms`;
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
const mean = (value: number | null): string => (value === null ? '–' : returned(value));
const small = (value: number | null): string => (value === null ? '–' : value.toPrecision(3));

/** A second's worth of what grew by `difference` between the two readings. */
function rate({ before, now }: Readings, difference: number): number {
  const seconds = (now.at - before.at) / 1000;
  return seconds > 0 ? Math.max(0, difference) / seconds : 0;
}

/** Columns below which a process's row does without host, CPU and memory. */
const WIDE = 110;

/** The whole view, as text of many lines, for a terminal of that many columns. */
export function renderFleet(readings: Readings, columns?: number): string {
  const queues = queueTable(readings.now);
  const processes = processRows(readings);
  const list =
    columns !== undefined && columns < WIDE
      ? processes.map((row) => `${row[1]}: ${row.at(-1)}`).join('\n')
      : table([processHead, ...processes], [3, 4, 5]);
  const parts = [heading(readings), list, queues].filter((part) => part !== '');
  return fold(parts.join('\n\n'), columns);
}

function heading(readings: Readings): string {
  const { before, now } = readings;
  const { totals, replay, returns } = now;
  const grown = (name: keyof FleetState['totals']): number => totals[name] - before.totals[name];
  const steps = rate(readings, grown('environmentSteps'));
  const updates = rate(readings, grown('updates'));
  const waits = (['Minimum', 'Ratio', 'Redis'] as const).map((reason) =>
    rate(readings, grown(`learnerWait${reason}Seconds`)),
  );
  const ratio = totals.transitionsPushed > 0 ? totals.transitionsSampled / totals.transitionsPushed : 0;
  const target = replay.samplesPerInsertTarget;
  const speaks = totals.utterances > 0;
  const up = clock((now.at - now.startedAt) / 1000);
  return [
    `${style('bold', now.run)} · ${now.phase} · ${up} · Redis answers in ${milliseconds(now.redisRoundTripSeconds)}`,
    `${speaks ? 'agent tokens' : 'env steps'} ${integer(totals.environmentSteps)} (${short(steps)}/s) · updates ${integer(totals.updates)} (${short(updates)}/s)`,
    `replay ${integer(replay.transitions)} of ${integer(replay.capacityTransitions)} ${speaks ? 'tokens' : 'transitions'} ` +
      `(${percent(replay.transitions / replay.capacityTransitions)}), ` +
      `${bytes(replay.bytes)} of ${bytes(replay.capacityBytes)} · ` +
      `${ratio.toFixed(2)} samples an insert${target === null ? '' : ` (goal ${target})`}`,
    `the learner waits for the minimum size ${percent(waits[0])}, for the ratio ${percent(waits[1])}, ` +
      `for Redis ${percent(waits[2])} of its time`,
    `return ${mean(returns.lastMean)} (last episodes, exploring) · evaluation ${mean(returns.lastEvaluationMean)} (greedy)`,
    ...utterances(readings),
    ...rounds(readings),
    ...refusals(now),
  ].join('\n');
}

/** A line on what was said, where the agent speaks. */
function utterances(readings: Readings): string[] {
  const { before, now } = readings;
  const { environmentSteps, utterances: said, utterancesCut: cut } = now.totals;
  if (said === 0) return [];
  const speed = rate(readings, said - before.totals.utterances);
  return [
    `utterances ${integer(said)} (${short(speed)}/s), of ${(environmentSteps / said).toFixed(1)} tokens · ${integer(cut)} cut`,
  ];
}

/** A line on rounds, where the learner waits for them. */
function rounds(readings: Readings): string[] {
  const { before, now } = readings;
  const { learnerWaitRoundSeconds, roundSlotsMissed } = now.totals;
  if (learnerWaitRoundSeconds === 0) return [];
  const waits = rate(readings, learnerWaitRoundSeconds - before.totals.learnerWaitRoundSeconds);
  return [
    `the learner waits for rounds ${percent(waits)} of its time · ` +
      `${integer(roundSlotsMissed)} times a round went on without a slot`,
  ];
}

/** A line on what was refused, where anything was. */
function refusals({ totals }: FleetState): string[] {
  const refused = recordKinds.filter((kind) => totals[refusedTotal(kind)] > 0);
  if (refused.length === 0) return [];
  const counts = refused.map((kind) => `${kind} ${integer(totals[refusedTotal(kind)])}`);
  return [
    style('yellow', `records in Redis that were refused: ${counts.join(', ')} (see the processes' logs)`),
  ];
}

const processHead = ['process', 'id', 'host:pid', 'up', 'CPU', 'memory', ''].map((title) =>
  style('dim', title),
);

function processRows(readings: Readings): string[][] {
  const { before, now } = readings;
  const held = now.actors.reduce((sum, { slots }) => sum + slots, 0);
  const standsBy = held > 0 && now.queues['rollouts']?.waiting === 0;
  const newest = Math.max(0, ...now.learners.map((learner) => learner.weightsVersion));
  const row = (
    role: string,
    process: ProcessSnapshot,
    earlier: ProcessSnapshot | undefined,
    says: string,
  ) => {
    const cpu = process.cpuSeconds - (earlier?.cpuSeconds ?? process.cpuSeconds);
    const between = earlier ? (process.heartbeatAt - earlier.heartbeatAt) / 1000 : 0;
    return [
      role,
      process.id,
      `${process.host}:${process.pid}`,
      clock((now.at - process.startedAt) / 1000),
      between > 0 ? percent(cpu / between) : '–',
      bytes(process.residentBytes),
      says,
    ];
  };
  const same = <P extends ProcessSnapshot>(list: readonly P[], { id }: P): P | undefined =>
    list.find((process) => process.id === id);
  return [
    ...now.learners.map((learner) =>
      row(
        'learner',
        learner,
        same(before.learners, learner),
        learner.training === 1
          ? `update ${integer(learner.updates)}, weights ${learner.weightsVersion}, loss ${small(learner.loss)}, ` +
              `|TD error| ${small(learner.meanAbsTdError)}, Q ${small(learner.meanQ)}`
          : 'waits for the lease',
      ),
    ),
    ...now.actors.map((actor) => {
      const earlier = same(before.actors, actor);
      const seconds = earlier ? (actor.heartbeatAt - earlier.heartbeatAt) / 1000 : 0;
      const grown = actor.environmentSteps - (earlier?.environmentSteps ?? 0);
      const steps = now.totals.utterances > 0 ? 'tokens' : 'steps';
      const speed = `${seconds > 0 ? short(grown / seconds) : '–'} ${steps}/s`;
      const behind = Math.max(0, newest - actor.weightsVersion);
      return row(
        'actor',
        actor,
        earlier,
        actor.slots === 0 && standsBy
          ? `stands by: all ${held} slots are held (fleet.slots)`
          : `${actor.slots} slots, ${speed}, epsilon ${small(actor.epsilon)}, weights ${actor.weightsVersion} (${behind} behind)`,
      );
    }),
    ...now.evaluators.map((evaluator) =>
      row(
        'evaluator',
        evaluator,
        same(before.evaluators, evaluator),
        `${integer(evaluator.evaluations)} evaluations`,
      ),
    ),
    ...now.exporters.map((exporter) =>
      row(
        'exporter',
        exporter,
        same(before.exporters, exporter),
        `port ${exporter.port}, ${integer(exporter.scrapes)} scrapes`,
      ),
    ),
    ...now.supervisors.map((supervisor) =>
      row('supervisor', supervisor, same(before.supervisors, supervisor), `${supervisor.children} children`),
    ),
  ];
}

function queueTable({ queues }: FleetState): string {
  const rows = Object.entries(queues).map(([name, queue]) => [
    name,
    ...[queue.waiting, queue.active, queue.delayed, queue.failed].map(String),
  ]);
  if (rows.length === 0) return '';
  const head = ['queue', 'waiting', 'active', 'delayed', 'failed'].map((title) => style('dim', title));
  return table([head, ...rows], [1, 2, 3, 4]);
}
