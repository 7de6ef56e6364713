import { runProcess } from '@qfleet/fleet';
import { learn } from './learn.ts';

await runProcess('learner', learn);
