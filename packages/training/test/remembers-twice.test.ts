import { runSchema } from '@qfleet/config';
import { expect, it } from 'vitest';
import { remembersTwice } from '../src/remembers-twice.ts';

it('is a memory that is shown stacked frames', () => {
  const told = (frameStack: number, core: string) =>
    remembersTwice(
      runSchema.parse({
        environment: { id: 'x', frameStack },
        agent: { kind: 'dqn', network: { kind: 'mlp', core: { kind: core } } },
      }),
    );
  expect([told(4, 'lstm'), told(1, 'lstm'), told(4, 'none')]).toEqual([true, false, false]);
});
