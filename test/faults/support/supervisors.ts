import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Random } from '@qfleet/random';
import { expect } from 'vitest';
import { type FaultyFleet, within } from './fleet.ts';

const MAIN = fileURLToPath(new URL('supervising.ts', import.meta.url));
const FIRST_SECOND_MS = 1_000;
/** Set for such a supervisor, and so for all that it starts. */
const MARK = 'QFLEET_TEST_SUPERVISOR';

/** Processes of this machine that have the variable in their environment. */
function marked(value: string): string[] {
  return globSync('/proc/[0-9]*/environ').filter((file) => {
    try {
      return readFileSync(file, 'utf8').includes(`${MARK}=${value}`);
    } catch {
      // It has just ended.
      return false;
    }
  });
}

/** Another supervisor of the run's is killed in its first second: what it has started ends, too. */
export async function killedSupervisor(fleet: FaultyFleet, random: Random): Promise<void> {
  const mark = randomUUID();
  const env = { ...process.env, ...fleet.environmentOf('learner'), [MARK]: mark };
  const supervisor = spawn(process.execPath, [MAIN, join(fleet.directory, 'logs')], {
    env,
    stdio: 'inherit',
  });
  await sleep(random.integer(FIRST_SECOND_MS));
  supervisor.kill('SIGKILL');
  await once(supervisor, 'exit');
  await expect.poll(() => marked(mark), within).toEqual([]);
}
