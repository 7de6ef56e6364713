import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';

const credentialsScript = fileURLToPath(new URL('../../../infra/redis/credentials.sh', import.meta.url));
const mainOf = (role: string): string =>
  fileURLToPath(new URL(`../../../apps/${role}/dist/main.js`, import.meta.url));

/** Makes a password file for each role, and `users.acl`. Gives their folder. */
export function makeCredentials(folder: string): string {
  const credentials = join(folder, 'credentials');
  execFileSync(credentialsScript, [credentials]);
  chmodSync(join(credentials, 'users.acl'), 0o600);
  return credentials;
}

/** A learner, an actor and an evaluator, each as its own user, train a run to its end, without a word of complaint. */
export async function trainSecured(
  url: string,
  ca: string,
  credentials: string,
  folder: string,
): Promise<void> {
  const config = join(folder, 'config.yaml');
  writeFileSync(
    config,
    [
      'environment: { id: CliffWalking-v1, options: { max_episode_steps: 200 } }',
      'agent: { kind: tabular, learningRate: 0.5, discount: 1 }',
      'stop: { maxUpdates: 4000 }',
    ].join('\n'),
  );
  const run = async (role: string): Promise<unknown> => {
    const child = spawn(process.execPath, [mainOf(role)], {
      env: {
        ...process.env,
        QFLEET_REDIS_URL: url,
        QFLEET_REDIS_CA: ca,
        QFLEET_REDIS_USERNAME: role,
        QFLEET_REDIS_PASSWORD_FILE: join(credentials, role),
        QFLEET_RUN: 'sealed',
        QFLEET_RUN_DIR: join(folder, 'run'),
        QFLEET_CONFIG: config,
        QFLEET_LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    const [code] = await once(child, 'close');
    return { role, code, said };
  };
  const roles = ['learner', 'actor', 'evaluator'];
  expect(await Promise.all(roles.map(run))).toEqual(roles.map((role) => ({ role, code: 0, said: '' })));
}
