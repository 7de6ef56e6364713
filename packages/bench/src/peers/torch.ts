import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import type { Peer } from '../contest/rounds.ts';
import { peerPython, peerScript } from './python.ts';

/**
 * PyTorch in a Python of its own, and its name with the version. pip's own torch brings CUDA on some platforms (5.4 GB on Linux x64, without which it
 * does not start); a pip that is configured to find a CPU build takes that.
 *
 * @throws What pip says where it can't be installed.
 */
export async function torchPython(): Promise<{ readonly python: string; readonly name: string }> {
  const python = await peerPython('torch', ['torch', 'numpy']);
  const { stdout } = await promisify(execFile)(python, ['-c', 'import torch; print(torch.__version__)']);
  return { python, name: `PyTorch ${stdout.trim()}` };
}

/** PyTorch's DQN. @throws as `torchPython` does. */
export async function torchPeer(): Promise<Peer> {
  const { python, name } = await torchPython();
  const command = (options: object) => ({
    program: python,
    args: [peerScript('dqn.py'), JSON.stringify(options)],
  });
  return {
    learner: (learnerCase) => ({
      [name]: command({ learnerCase, compile: false }),
      // Needs a C++ compiler.
      [`${name}, torch.compile`]: { ...command({ learnerCase, compile: true }), optional: true },
    }),
    // On one thread and on all: which is faster depends on the rows.
    inference: (learnerCase, rows) =>
      Object.fromEntries(
        [...new Set([1, availableParallelism()])].map((threads) => [
          `${name}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
          command({ learnerCase, threads, rows }),
        ]),
      ),
  };
}
