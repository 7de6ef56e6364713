// What only the documentation's site needs. It is installed when the site is built, so that no other command waits for it.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStamp, writeStamp } from './cache.mjs';
import { pinnedPnpm } from './workspace.mjs';

/** Installs the site's tools into its own folder; a second start does nothing.
 * @param {import('./setup.mjs').Ready} ready */
export async function setUpSite({ root, env, progress }) {
  const folder = join(root, 'infra/site');
  const stamp = join(folder, 'node_modules/.qfleet');
  const key = createHash('sha256')
    .update(readFileSync(join(folder, 'pnpm-lock.yaml')))
    .digest('hex');
  if (readStamp(stamp) === key) return;
  const pnpm = pinnedPnpm(root);
  await progress.step('the tools of the documentation', () =>
    progress.run('npx', ['--yes', pnpm, 'install', '--frozen-lockfile', '--pm-on-fail=ignore'], {
      cwd: folder,
      env: { ...env, CI: 'true' },
      failure: `${pnpm} could not install the tools of the documentation`,
    }),
  );
  writeStamp(stamp, key);
}
