import { execFile } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { type Finding, ok } from './finding.ts';

const run = promisify(execFile);

/** The first line that a program prints; null where it is not there, fails or hangs. */
async function firstLine(program: string, ...programArguments: string[]): Promise<string | null> {
  try {
    const { stdout, stderr } = await run(program, programArguments, { timeout: 10_000 });
    return (stdout || stderr).trim().split('\n')[0] || null;
  } catch {
    return null;
  }
}

export function node(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 22) return ok('Node', process.version);
  return {
    name: 'Node',
    status: 'missing',
    found: process.version,
    advice: 'Run it as `npm run -s qfleet -- …`: that brings a Node that is new enough.',
  };
}

export function cpu(): Finding {
  const cores = cpus();
  const gibibytes = (totalmem() / 2 ** 30).toFixed(0);
  return ok(
    'CPU',
    `${cores[0]?.model.trim() ?? 'unknown'}, ${cores.length} cores, ${gibibytes} GiB of memory`,
  );
}

export async function gpu(): Promise<Finding> {
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader'];
  const found = await firstLine('nvidia-smi', ...query);
  // No GPU is no fault: small networks train faster on the CPU.
  return ok('GPU', found ?? 'none (no nvidia-smi): the learner trains on the CPU');
}

export async function python(): Promise<Finding> {
  const version = await firstLine('python3', '--version');
  const pip = version === null ? null : await firstLine('python3', '-m', 'pip', '--version');
  if (version !== null && pip !== null)
    return ok('Python', `${version}, ${pip.split(' ').slice(0, 2).join(' ')}`);
  return {
    name: 'Python',
    status: 'warning',
    found: version === null ? 'none' : `${version} without pip`,
    advice: 'Install Python 3 with pip: TensorFlow, and a Redis where there is none, come as its packages.',
  };
}

export async function compiler(): Promise<Finding> {
  for (const program of ['c++', 'g++', 'clang++']) {
    const version = await firstLine(program, '--version');
    if (version !== null) return ok('C++ compiler', version);
  }
  return {
    name: 'C++ compiler',
    status: 'warning',
    found: 'none',
    advice: 'Install g++ or clang++: the binding of TensorFlow is compiled with it, once.',
  };
}
