import type { LanguagePeer } from '../language/peer.ts';
import { peerPython, peerScript } from './python.ts';

const VERSIONS = { torch: '2.9.1', transformers: '5.24.0' };

/**
 * PyTorch with transformers in a Python of its own.
 *
 * @throws What pip says where it can't be installed.
 */
export async function transformersPeer(): Promise<LanguagePeer> {
  const packages = Object.entries(VERSIONS).map(([name, version]) => `${name}==${version}`);
  const program = await peerPython('transformers', ['numpy==2.3.5', ...packages]);
  const command = (options: object) => ({
    program,
    args: [peerScript('language.py'), JSON.stringify(options)],
    environment: { HF_HUB_OFFLINE: '1' },
  });
  return {
    name: `PyTorch ${VERSIONS.torch} with transformers ${VERSIONS.transformers}`,
    generation: (directory, dialogues, tokens) => command({ directory, dialogues, tokens }),
    training: (directory, rows, length) => command({ directory, rows, length }),
    start: (directory) => command({ directory }),
  };
}
