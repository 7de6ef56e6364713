import type { DqnConfig, PqnConfig } from '@qfleet/config';
import type { StateSpec } from '@qfleet/spaces';
import type { ContestantCommand } from '../contest/contestant.ts';
import { peerScript } from '../peers/python.ts';
import { torchPython } from '../peers/torch.ts';

/** An agent and what it sees: to learn on a batch, or with `rows` to act on so many states. */
export interface FamilyTask {
  readonly agent: DqnConfig | PqnConfig;
  readonly spec: StateSpec;
  readonly rows?: number;
}

/** Another library's contestants at a task, by the names that the rows show. */
export type FamilyPeer = (task: FamilyTask) => Readonly<Record<string, ContestantCommand>>;

/** PyTorch, op by op and compiled. @throws What pip says where it can't be installed. */
export async function torchFamily(): Promise<FamilyPeer> {
  const { python, name } = await torchPython();
  const command = (task: FamilyTask, compile: boolean) => ({
    program: python,
    args: [peerScript('family.py'), JSON.stringify({ ...task, compile })],
  });
  return (task) => ({
    [name]: command(task, false),
    // Needs a C++ compiler, and does not take in everything.
    [`${name}, torch.compile`]: { ...command(task, true), optional: true },
  });
}
