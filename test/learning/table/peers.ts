import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What the peers need, in a Python of their own. */
export const PEER_PACKAGES: readonly string[] = [
  'MinAtar==1.0.15',
  'gymnasium==1.4.0',
  'numpy==2.4.6',
  'stable-baselines3==2.9.2',
  'torch==2.9.1',
];

/** A program of `test/learning/peers`. */
interface Peer {
  readonly script: string;
  /** How the table names it. */
  readonly title: string;
  /** What its task says beside what all have. */
  readonly task?: Readonly<Record<string, unknown>>;
}

export type PeerName = 'sb3-dqn' | 'sb3-dqn-3-steps' | 'cleanrl-dqn' | 'cleanrl-pqn' | 'minatar-dqn';

export const peers: Readonly<Record<PeerName, Peer>> = {
  'sb3-dqn': { script: 'sb3_dqn.py', title: 'Stable-Baselines3 DQN', task: { nSteps: 1 } },
  'sb3-dqn-3-steps': {
    script: 'sb3_dqn.py',
    title: 'Stable-Baselines3 DQN, `n_steps=3`',
    task: { nSteps: 3 },
  },
  'cleanrl-dqn': { script: 'cleanrl_dqn.py', title: 'DQN in CleanRL’s shape, PyTorch' },
  'cleanrl-pqn': { script: 'cleanrl_pqn.py', title: 'PQN in CleanRL’s shape, PyTorch' },
  'minatar-dqn': { script: 'minatar_dqn.py', title: 'DQN of MinAtar’s paper, PyTorch' },
};

/** The path of a program of `test/learning/peers`. */
export const peerScript = (file: string): string =>
  fileURLToPath(new URL(`../peers/${file}`, import.meta.url));

/** All that a peer does is in here: its program, what that imports, its packages and its task. */
export function peerText(name: PeerName): string {
  const { script, task = {} } = peers[name];
  const texts = ['harness.py', script].map((file) => readFileSync(peerScript(file), 'utf8'));
  return JSON.stringify([...texts, PEER_PACKAGES, task]);
}
