import { execSync } from 'node:child_process';
import { endProcess, Watchdog } from '../../src/process/watchdog.ts';

/** A process that stands still at slot 3, episode 7, step 12, as its argument says. */
const watchdog = Watchdog.start({
  stallMs: 300,
  sentence: 'Maze-v0, slot {slot}, episode {episode}, step {step}: no return within {seconds} s.',
  onStall: ({ sentence, stack }) => endProcess({ sentence: `${sentence} ${stack.split('\n')[0].trim()}` }),
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function walkForEver(): void {
  for (;;);
}

// What moves on, and what is nowhere, may take as long as it likes.
for (let step = 0; step < 6; step++) {
  watchdog.at(3, 7, step);
  await pause(60);
}
watchdog.left();
await pause(700);
process.stdout.write('well\n');

watchdog.at(3, 7, 12);
switch (process.argv[2]) {
  case 'loop':
    walkForEver();
    break;
  case 'promise':
    await pause(60_000);
    break;
  case 'other':
    execSync('sleep 8');
    break;
  default:
    watchdog.stop();
    await pause(700);
}
process.stdout.write('through\n');
