import { availableParallelism } from 'node:os';
import {
  type EnvironmentDefinition,
  EnvironmentDefinitionError,
  type EnvironmentOptions,
  observationArrays,
  observationDType,
  observationSize,
} from '@qfleet/envs';
import { type AtariOptions, atariOptions, atariSteps, describeAtari } from './atari.ts';
import { BridgedCopy } from './bridged-copy.ts';
import { gymnasiumId, isAtari } from './bridged-id.ts';
import { BridgedRows, type BridgedShape } from './bridged-rows.ts';
import { readDescription, type WorkerDescription } from './description.ts';
import { ATARI, FRAMES, GYMNASIUM, namedPython, privatePython } from './private-python.ts';
import { replyKinds } from './protocol.ts';
import { WorkerGoneError, WorkerProcess } from './worker-process.ts';
import { textOf, type WorkerLaunch, WorkerSlot } from './worker-slot.ts';

/** How Python plays an environment. */
export interface BridgeSettings {
  /** The path of a Python; null: a private one, which is made where there is none yet. */
  readonly python: string | null;
  /** Worker processes that share the rows. */
  readonly workers: number;
  /** Seconds that a step or a reset may take. */
  readonly limitSeconds: number;
}

export const defaultBridge: BridgeSettings = { python: null, workers: 1, limitSeconds: 60 };

/** What is known of environments that were asked for before, by how they were. */
const known = new Map<string, Promise<WorkerDescription>>();

/**
 * The definition of an environment that Gymnasium plays: a worker is asked what it is.
 *
 * @param frames whether its copies are made to be rendered; the private Python then has what draws.
 * @throws EnvironmentDefinitionError where there is no such Python, package or environment, or it can't be translated.
 */
export async function bridgedDefinition(
  id: string,
  options: EnvironmentOptions,
  { python: named, workers, limitSeconds }: BridgeSettings = defaultBridge,
  frames = false,
): Promise<EnvironmentDefinition> {
  const atari = isAtari(id) ? atariOptions(id, options) : null;
  const packages = [...GYMNASIUM, ...(isAtari(id) ? ATARI : frames ? FRAMES : [])];
  const python = named === null ? await privatePython(packages) : namedPython(named);
  const { settings: _, ...kwargs } = options;
  const asked = {
    id: gymnasiumId(id),
    kwargs: atari === null ? (isAtari(id) ? kwargs : options) : {},
    atari: atari?.settings ?? null,
    vector: true,
    frames: false,
    threads: Math.max(1, Math.floor(availableParallelism() / workers)),
    gymnasium: GYMNASIUM[0],
  };
  const key = JSON.stringify([python, asked]);
  const description = known.get(key) ?? describe(id, python, asked, limitSeconds * 1000);
  known.set(key, description);
  try {
    const launch = { id, python, options: asked, limitMs: limitSeconds * 1000 };
    return define(id, atari, await description, launch, workers, frames);
  } catch (cause) {
    known.delete(key);
    throw cause;
  }
}

/** Asks a worker what its environment is. */
async function describe(
  id: string,
  python: string,
  asked: unknown,
  limitMs: number,
): Promise<WorkerDescription> {
  const worker = new WorkerProcess(python, asked, limitMs);
  try {
    const { kind, bytes } = await worker.receive();
    if (kind === replyKinds.hello) return readDescription(id, textOf(bytes));
    throw new EnvironmentDefinitionError(`Environment ${id}: ${textOf(bytes)}.`);
  } catch (cause) {
    if (!(cause instanceof WorkerGoneError)) throw cause;
    throw new EnvironmentDefinitionError(`Environment ${id} can't be had of ${python}: ${cause.message}.`, {
      cause,
    });
  } finally {
    worker.close();
  }
}

function define(
  id: string,
  atari: AtariOptions | null,
  description: WorkerDescription,
  asked: Omit<WorkerLaunch, 'format'>,
  workers: number,
  frames: boolean,
): EnvironmentDefinition {
  const { observationSpace, actionSpace, actionNames, masked, versions } = description;
  const format = {
    width:
      observationSize(observationSpace) *
      observationArrays[observationDType(observationSpace)].BYTES_PER_ELEMENT,
    actions: masked ? actionSpace.n : 0,
  };
  const launch = { ...asked, format };
  const shape: BridgedShape = { observationSpace, format, say: sayOnce(id) };
  // Copies are single ones in Python too: where a vector draws otherwise, they are what Gymnasium's wrappers give.
  const copies = new WorkerSlot({
    ...launch,
    options: { ...(asked.options as object), vector: false, frames },
  });
  return {
    id,
    observationSpace,
    actionSpace,
    ...(actionNames === undefined ? {} : { actionNames }),
    ...(masked ? { masked } : {}),
    maxEpisodeSteps: atari === null ? description.maxEpisodeSteps : atariSteps(atari.settings),
    solvedReturn: description.solvedReturn,
    summary: `${gymnasiumId(id)} of Gymnasium ${versions['gymnasium']}`,
    settings: {
      ...(atari === null ? {} : { atari: describeAtari(atari) }),
      python: versions,
    },
    create: (random) => new BridgedCopy(copies, shape, random, frames),
    createVector: () =>
      new BridgedRows(
        Array.from({ length: workers }, () => new WorkerSlot(launch)),
        shape,
      ),
  };
}

/** Ids of environments of which this process has told that they print. */
const printing = new Set<string>();

/** Tells once in a process what an environment prints, which is not shown otherwise. */
const sayOnce =
  (id: string) =>
  (line: string): void => {
    if (printing.has(id)) return;
    printing.add(id);
    process.stderr.write(
      `Environment ${id} prints to standard output, which is not shown; it began with ${JSON.stringify(line.slice(0, 200))}.\n`,
    );
  };
