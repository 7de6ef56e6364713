import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('loads no TensorFlow for what an actor plays with', () => {
  // A process of its own: this one has loaded whatever other tests load.
  const script = `
    import { createRequire } from 'node:module';
    import { createPolicy } from '@qfleet/agents';
    import { runSchema } from '@qfleet/config';
    import '@qfleet/rollout';
    const layout = { frames: 1, shape: [], dtype: 'int32', count: 4, actions: 2 };
    for (const kind of ['dqn', 'tabular']) {
      const { agent, exploration } = runSchema.parse({ environment: { id: 'x' }, agent: { kind } });
      await createPolicy({ config: agent, spec: layout, selector: exploration.selector });
    }
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(JSON.stringify(loaded.filter((path) => path.includes('@tensorflow'))));
  `;
  const url = new URL('..', import.meta.url);
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: url });
  expect(JSON.parse(out.toString())).toEqual([]);
});
