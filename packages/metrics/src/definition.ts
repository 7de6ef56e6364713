import type { FleetState, LearnerSnapshot, ProcessSnapshot } from './fleet-state.ts';

/** A value with the labels that tell it from others of its metric. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A metric, and how it follows from the state of a fleet. No samples: nothing is known, and no series is shown. */
export interface MetricDefinition {
  /** `qfleet_<process>_<what>_<unit>`; what counts up ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** Beside `run`, which all metrics have. */
  readonly labels?: readonly string[];
  readonly samples: (state: FleetState) => readonly Sample[];
}

/** No sample of what is not known. */
const one = (value: number | null | undefined): Sample[] => (value == null ? [] : [{ value }]);

/** A sum over the whole life of the run, over the deaths of its processes. */
export const total = (name: string, help: string, read: (state: FleetState) => number): MetricDefinition => ({
  name,
  help,
  type: 'counter',
  samples: (state) => one(read(state)),
});

/** A value of now; null and undefined: not known. */
export const gauge = (
  name: string,
  help: string,
  read: (state: FleetState) => number | null | undefined,
): MetricDefinition => ({ name, help, type: 'gauge', samples: (state) => one(read(state)) });

/** The learner that holds the lease. */
export const learner = (state: FleetState): LearnerSnapshot | undefined =>
  state.learners.find(({ training }) => training === 1);

/** A sample for each reason. */
export const byReason = (values: Record<string, number>): Sample[] =>
  Object.entries(values).map(([reason, value]) => ({ value, labels: { reason } }));

/** A sample for each name. */
export const byName = (values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([name, value]) => ({ value, labels: { name } }));

/** A series for each actor. */
export const perActor = (
  name: string,
  help: string,
  type: 'counter' | 'gauge',
  read: (actor: FleetState['actors'][number], state: FleetState) => number | undefined,
): MetricDefinition => ({
  name,
  help,
  type,
  labels: ['actor'],
  samples: (state) =>
    state.actors.flatMap((actor) => {
      const value = read(actor, state);
      return value === undefined ? [] : { value, labels: { actor: actor.id } };
    }),
});

export const processesByRole = (state: FleetState): Record<string, readonly ProcessSnapshot[]> => ({
  actor: state.actors,
  learner: state.learners,
  evaluator: state.evaluators,
  exporter: state.exporters,
  supervisor: state.supervisors,
});

/** A series for each process of every role. */
export const perProcess = (
  name: string,
  help: string,
  type: 'counter' | 'gauge',
  read: (process: ProcessSnapshot, state: FleetState) => number,
): MetricDefinition => ({
  name,
  help,
  type,
  labels: ['role', 'id'],
  samples: (state) =>
    Object.entries(processesByRole(state)).flatMap(([role, processes]) =>
      processes.map((process) => ({ value: read(process, state), labels: { role, id: process.id } })),
    ),
});

/** A series for each Redis server. */
export const perServer = (
  name: string,
  help: string,
  type: 'counter' | 'gauge',
  read: (server: FleetState['redisServers'][number]) => number,
): MetricDefinition => ({
  name,
  help,
  type,
  labels: ['server'],
  samples: ({ redisServers }) =>
    redisServers.map((server) => ({ value: read(server), labels: { server: server.server } })),
});
