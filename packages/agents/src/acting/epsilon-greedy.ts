import { argmax, uniformAction } from './allowed.ts';
import type { Selector } from './selector.ts';

/** With probability ε uniform, else the action of the largest value. It draws nothing where ε is 0. */
export const epsilonGreedy: Selector = (values, width, { count, masks, epsilons, random, actions }) => {
  for (let row = 0; row < count; row++) {
    const epsilon = epsilons[row];
    const start = row * width;
    const explores = epsilon > 0 && random.uniform() < epsilon;
    actions[row] = explores
      ? uniformAction(width, random, masks, start)
      : argmax(values, start, width, masks);
  }
};
