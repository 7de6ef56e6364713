import type { BenchRow } from './row.ts';

/** What every benchmark is told. */
export interface BenchOptions {
  /** Measures peers here too, brought once by pip, instead of naming what was recorded of them. */
  readonly peer: boolean;
  /** The file that is the `qfleet` command, by which fleets are started. */
  readonly command: string;
  /** The environments that `envs` measures, by their ids; none named: one of each family. */
  readonly environments: readonly string[];
}

// Each is loaded when it is called: whoever wants their names alone needs neither TensorFlow nor Redis.
/** The benchmarks by name. */
export const benches = {
  learner: async ({ peer }) => (await import('./learner/learner.ts')).benchLearner(await torchIf(peer)),
  inference: async ({ peer }) =>
    (await import('./inference/inference.ts')).benchInference(await torchIf(peer)),
  envs: async ({ peer, environments }) => {
    const [{ benchEnvs }, { casesOf }] = await Promise.all([
      import('./envs/envs.ts'),
      import('./envs/cases.ts'),
    ]);
    return benchEnvs(casesOf(environments), peer);
  },
  replay: async ({ peer }) => (await import('./replay/here.ts')).benchReplayHere(peer),
  fleet: async ({ command }) => (await import('./fleet/fleet.ts')).benchFleet(command),
  family: async ({ peer }) =>
    (await import('./family/family.ts')).benchFamily(
      peer ? await (await import('./family/torch.ts')).torchFamily() : null,
    ),
  rounds: async () => (await import('./rounds/rounds.ts')).benchRounds(),
  language: async ({ peer }) =>
    (await import('./language/language.ts')).benchLanguage(await transformersIf(peer)),
  actor: async () => (await import('./actor/actor.ts')).benchActor(),
} satisfies Record<string, (options: BenchOptions) => Promise<readonly BenchRow[]>>;

/** A name of a benchmark. */
export type BenchName = keyof typeof benches;

/** The names of all benchmarks. */
export const benchNames = Object.keys(benches) as BenchName[];

/** Those that are held against limits or against themselves alone. */
const WITHOUT_PEERS: readonly BenchName[] = ['fleet', 'rounds', 'actor'];

/** Whether `peer` changes what a benchmark measures. */
export const hasPeers = (name: BenchName): boolean => !WITHOUT_PEERS.includes(name);

const torchIf = async (peer: boolean) => (peer ? (await import('./peers/torch.ts')).torchPeer() : null);
const transformersIf = async (peer: boolean) =>
  peer ? (await import('./peers/transformers.ts')).transformersPeer() : null;
