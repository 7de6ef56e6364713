import { findRedisServer } from '@qfleet/fleet';
import { loadTensor, setUpCommand } from '@qfleet/tensor';
import { exitCodes } from '../errors.ts';
import { print, printJson, style, table } from '../terminal/output.ts';
import { type Finding, ok } from './finding.ts';
import { compiler, cpu, gpu, node, python } from './machine.ts';

/** `qfleet doctor`: exit code 1 where something that training needs is missing. */
export async function doctor(json: boolean): Promise<number> {
  const findings = await Promise.all([node(), cpu(), gpu(), tensorFlow(), redis(), python(), compiler()]);
  if (json) await printJson({ findings });
  else await print(describe(findings));
  return findings.some(({ status }) => status === 'missing') ? exitCodes.failed : exitCodes.done;
}

async function tensorFlow(): Promise<Finding> {
  const name = 'TensorFlow';
  try {
    const { kind, version, notes } = await loadTensor();
    const found = `${version}, ${kind}`;
    if (notes.length === 0) return ok(name, found);
    return { name, status: kind === 'wasm' ? 'warning' : 'ok', found, advice: notes.join('; ') };
  } catch (error) {
    return { name, status: 'missing', found: 'none', advice: (error as Error).message };
  }
}

async function redis(): Promise<Finding> {
  const name = 'Redis';
  try {
    const server = await findRedisServer();
    if (server !== undefined) return ok(name, `${server.path} ${server.version}`);
    return {
      name,
      status: 'missing',
      found: 'none',
      advice: `Run \`${setUpCommand()}\` to bring one, or name a running one with --redis URL; --single needs none.`,
    };
  } catch (error) {
    return { name, status: 'missing', found: 'none', advice: (error as Error).message };
  }
}

const marks = {
  ok: style('green', 'ok'),
  warning: style('yellow', 'warning'),
  missing: style('red', 'missing'),
} as const;

const describe = (findings: readonly Finding[]): string =>
  table(
    findings.flatMap(({ name, status, found, advice }) => [
      [marks[status], style('bold', name), found],
      ...(advice === null ? [] : [['', '', style('dim', advice)]]),
    ]),
  );
