import { execSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { endProcess, killWithoutParent, Watchdog } from '../../src/watchdog.ts';

// A process whose parent has ended, and that hears nothing of it.
if (process.argv[2] === 'orphan') {
  killWithoutParent(process.ppid, 300);
  process.stdout.write('begun\n');
  setTimeout(walkForEver, 500);
  await pause(5_000);
}
if (process.argv[2] === 'parent') {
  const orphan = spawn(process.execPath, [process.argv[1], 'orphan'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // Once it knows its parent.
  await once(orphan.stdout, 'data');
  process.stdout.write(`${orphan.pid}\n`);
  process.exit();
}

/** A process that stands still at slot 3, episode 7, step 12, as its argument says. */
const watchdog = Watchdog.start({
  stallMs: 300,
  sentence: 'Maze-v0, slot {slot}, episode {episode}, step {step}: no return within {seconds} s.',
  onStall: ({ sentence, stack }) => endProcess({ sentence: `${sentence} ${stack.split('\n')[0].trim()}` }),
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

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
