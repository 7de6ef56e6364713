// Trains, plays and uses an agent from a program: node train.ts
import { evaluate, loadPolicy, train } from 'qfleet';

const run = await train('cartpole', {
  set: { seed: 1, 'stop.maxUpdates': 400, 'evaluation.every': 200, 'evaluation.episodes': 2 },
  runDir: 'runs/first',
  onEvaluation: ({ updates, mean }) => console.log(`update ${updates}: return ${mean}`),
});
const { mean } = await evaluate(run.directory, { episodes: 5 });
const policy = await loadPolicy(run.directory);
console.log(
  `return ${mean}; leaning right, it pushes ${policy.act([0, 0, 0.1, 0.5]) === 1 ? 'right' : 'left'}`,
);
