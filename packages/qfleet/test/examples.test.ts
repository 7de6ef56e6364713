import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const source = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const library = new URL('../dist/index.js', import.meta.url).href;

/** The programs of the doc comments of a file, in their order. */
const examplesOf = (path: string): string[] =>
  [...source(path).matchAll(/\* @example\n((?: \* .*\n| \*\n)+)/g)].map(([, lines]) =>
    lines.replaceAll(/^ \* ?/gm, ''),
  );

it('the examples of the library’s doc comments run', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-examples-'));
  try {
    const examples = examplesOf('../src/index.ts');
    expect(examples.length).toBeGreaterThan(5);
    const registered = ['objectives/create-objective', 'value/optimizer'].flatMap((file) =>
      examplesOf(`../../agents/src/${file}.ts`),
    );
    registered.push(...examplesOf('../../networks/src/create-network.ts'));
    expect(registered).toHaveLength(3);
    const program = `
import { compile, createObjective, evaluate, exportPolicy, HiddenLayers, loadPolicy, registerNetwork, registerObjective,
  registerOptimizer, resume, sgd, train } from ${JSON.stringify(library)};
${registered.join('\n')}
${examples.map((example) => `{\n${example}}`).join('\n')}
const own = {
  'agent.objective': { kind: 'custom', name: 'half', options: { weight: 0.25 } },
  'agent.optimizer': { kind: 'custom', name: 'slow' },
  'agent.network': { kind: 'custom', name: 'squared', hidden: [8] },
  'stop.maxUpdates': 16, 'replay.minSize': 200, 'evaluation.episodes': 2,
};
const run = await train('cartpole', { set: own, runDir: 'runs/own' });
await exportPolicy('runs/own', 'own.onnx');
console.log('own', run.updates, (await run.policy()).act([0, 0, 0, 0]));
`;
    writeFileSync(join(folder, 'program.mjs'), program);
    const printed = execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(printed).toMatch(/^maxUpdates 200 /);
    expect(printed).toMatch(/^400$/m);
    expect(printed).toMatch(/^own 16 [01]$/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
