import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { tfjsVersion } from './provision/addon.ts';
import { cacheDirectory, findProvisioned, type LibraryKind } from './provision/cache.ts';
import { runCommand } from './provision/command.ts';
import { hasNvidiaGpu } from './provision/gpu.ts';
import type { RuntimeKind } from './runtime.ts';
import { setUpCommand } from './set-up-command.ts';
import { findStockBinding } from './stock.ts';

/** One thing that was looked at. */
export interface Finding {
  readonly name: string;
  /** 'ok': there and usable; 'absent': not there, without harm; 'problem': something would run better with it. */
  readonly status: 'ok' | 'absent' | 'problem';
  /** What was found, in a sentence. */
  readonly detail: string;
  /** What to do about it; null where nothing needs doing. */
  readonly fix: string | null;
}

/** What `qfleet doctor` shows of TensorFlow. */
export interface Inspection {
  /** What `loadTensor` gives here; null when it fails, as with a runtime forced that can't run. */
  readonly runs: { readonly kind: RuntimeKind; readonly version: string } | null;
  readonly findings: readonly Finding[];
}

/**
 * Looks at what TensorFlow there is and which of it runs. Loading is tried in a process of its own, so that a library
 * that crashes is a finding too.
 */
export async function inspect(cache: string = cacheDirectory()): Promise<Inspection> {
  const gpu = hasNvidiaGpu();
  const { runs, finding } = await tryLoading();
  const findings = [
    finding,
    gpuFinding(gpu),
    libraryFinding('cpu', cache, !gpu),
    ...(gpu ? [libraryFinding('gpu', cache, true)] : []),
    ...(await toolFindings(runs !== null && runs.kind !== 'wasm')),
  ];
  return { runs, findings };
}

const PROBE = `
const { loadTensor } = await import(process.argv[1]);
const { kind, version, notes } = await loadTensor();
console.log(JSON.stringify({ kind, version, notes }));
`;

async function tryLoading(): Promise<{ runs: Inspection['runs']; finding: Finding }> {
  const name = 'runtime';
  try {
    const module = import.meta.resolve(import.meta.url.endsWith('.ts') ? './load.ts' : './load.js');
    const args = ['--input-type=module', '--eval', PROBE, module];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { kind, version, notes } = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
      kind: RuntimeKind;
      version: string;
      notes: string[];
    };
    const slow = kind === 'wasm' && process.env['QFLEET_TENSOR'] !== 'wasm';
    const detail = [`${version} (${kind}) runs`, ...notes].join('; ');
    const fix = slow ? `bring what the findings below miss, then run \`${setUpCommand()}\`` : null;
    return { runs: { kind, version }, finding: { name, status: slow ? 'problem' : 'ok', detail, fix } };
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    const reason = /^(?:\w*Error): (.*)$/m.exec(stderr)?.[1] ?? message;
    const fix = `unset QFLEET_TENSOR, or run \`${setUpCommand()}\``;
    return { runs: null, finding: { name, status: 'problem', detail: reason, fix } };
  }
}

function gpuFinding(gpu: boolean): Finding {
  const detail = gpu
    ? 'an NVIDIA GPU with its driver'
    : 'no NVIDIA GPU, or no driver for it: the CPU is used';
  return { name: 'gpu', status: gpu ? 'ok' : 'absent', detail, fix: null };
}

function libraryFinding(kind: LibraryKind, cache: string, wanted: boolean): Finding {
  const name = `libtensorflow-${kind}`;
  const stock = findStockBinding(kind);
  if (stock !== null)
    return { name, status: 'ok', detail: `the stock binary of tfjs-node: ${stock}`, fix: null };
  const provisioned = findProvisioned(kind, tfjsVersion(), cache);
  if (provisioned !== null) {
    return {
      name,
      status: 'ok',
      detail: `TensorFlow ${provisioned.version} in ${provisioned.dir}`,
      fix: null,
    };
  }
  const fix = wanted ? `run \`${setUpCommand()}\`` : null;
  return { name, status: wanted ? 'problem' : 'absent', detail: `not provisioned in ${cache}`, fix };
}

/** What provisioning needs; missing, it is a problem only where nothing is provisioned yet. */
async function toolFindings(provisioned: boolean): Promise<Finding[]> {
  const compiler = process.env['CXX'] || 'g++';
  const tools = [
    { name: 'python', command: 'python3', args: ['-m', 'pip', '--version'], install: 'python3-pip' },
    { name: 'compiler', command: compiler, args: ['--version'], install: 'g++' },
  ];
  return Promise.all(
    tools.map(async ({ name, command, args, install }): Promise<Finding> => {
      const { code, stdout } = await runCommand(command, args);
      if (code === 0) return { name, status: 'ok', detail: stdout.split('\n')[0]!.trim(), fix: null };
      const detail = `${command} ${args[0] === '-m' ? 'with pip ' : ''}is missing, which provisioning needs`;
      return {
        name,
        status: provisioned ? 'absent' : 'problem',
        detail,
        fix: provisioned ? null : `install it (Debian: apt-get install ${install})`,
      };
    }),
  );
}
