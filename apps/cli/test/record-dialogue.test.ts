import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

/** A run of a few updates. */
async function trained(method: string, ...more: string[]): Promise<string> {
  const cwd = temporaryDirectory();
  const few = ['agent.batchSize=256', 'evaluation.every=8', 'evaluation.episodes=2', 'stop.maxUpdates=8'];
  const sets = [...few, ...more];
  const args = ['train', 'text/walks', '--preset', method, '--single', '--seed', '1', '--run-dir', 'run'];
  const ended = await qfleet([...args, '--json', ...sets.flatMap((set) => ['--set', set])], { cwd });
  expect(ended.code, ended.stderr).toBe(0);
  return cwd;
}

/** Records two episodes. @returns what the command told, and the picture. */
async function recorded(cwd: string, file: string): Promise<{ returns: number[]; svg: string }> {
  const args = ['record', 'run', file, '--seed', '5', '--episodes', '2', '--json'];
  const { code, stdout, stderr } = await qfleet(args, { cwd });
  expect(code, stderr).toBe(0);
  const svg = readFileSync(join(cwd, file), 'utf8');
  const told = JSON.parse(stdout);
  expect(told).toMatchObject({ file, seed: 5, bytes: Buffer.byteLength(svg) });
  return { returns: told.returns, svg };
}

/** What a picture's lines say, by Python's reader of XML: a title's text first, then who said what. */
function linesOf(cwd: string, file: string): string[] {
  const program = `
import json, sys, xml.etree.ElementTree as E
lines = {}
for text in E.parse(sys.argv[1]).iter('{http://www.w3.org/2000/svg}text'):
    tip = text.find('{http://www.w3.org/2000/svg}title')
    lines.setdefault(float(text.get('y')), []).append(text.text or (tip.tail if tip is not None else ''))
print(json.dumps(['|'.join(lines[y]) for y in sorted(lines)]))
`;
  return JSON.parse(
    execFileSync('python3', ['-c', program, join(cwd, file)], { encoding: 'utf8' }),
  ) as string[];
}

it('draws what the language model and what the agent says in the same episodes', {
  timeout: 120_000,
}, async () => {
  const cwd = await trained('ilql', 'agent.pretraining=1');
  const { returns, svg } = await recorded(cwd, 'a.svg');
  expect((await recorded(cwd, 'b.svg')).svg).toBe(svg);
  const evaluated = await qfleet(['eval', 'run', '--seed', '5', '--episodes', '2', '--json'], { cwd });
  expect(returns).toHaveLength(4);
  expect(returns.slice(2)).toEqual(JSON.parse(evaluated.stdout).returns);
  const lines = linesOf(cwd, 'a.svg');
  expect(lines.filter((line) => line.startsWith('The language model alone: return '))).toHaveLength(2);
  expect(lines.filter((line) => line.startsWith('The agent, by its values: return '))).toHaveLength(2);
  // Each episode begins with the environment's text, a node, which is the same for both.
  const starts = lines.filter((line) => /^environment\|[a-z]$/.test(line));
  expect(starts).toHaveLength(4);
  expect(starts.slice(2)).toEqual(starts.slice(0, 2));
  expect(lines.filter((line) => /^agent\|([a-z]\|)*reward [−\d.]+$/.test(line)).length).toBe(4);
  // Where a pointer rests on a token, it tells of the token's values.
  expect(svg).toMatch(/<title>"[a-z]" · Q −?\d+\.\d\d · V −?\d+\.\d\d · others: .+<\/title>/);
  expect(svg).toMatch(/<rect class="(better|worse)"/);
});

it('draws an agent without values once, without colours', { timeout: 120_000 }, async () => {
  const cwd = await trained('sft');
  const { returns, svg } = await recorded(cwd, 'a.svg');
  expect(returns).toHaveLength(2);
  expect(linesOf(cwd, 'a.svg').filter((line) => line.includes(': return '))).toHaveLength(2);
  expect(svg).not.toMatch(/<rect class="(better|worse)"/);
});
