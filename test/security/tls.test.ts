import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectRedis } from '@qfleet/fleet';
import { expect, it, onTestFinished, vi } from 'vitest';
import { temporaryDirectory } from '../support/qfleet.ts';
import { startRedis } from '../support/redis.ts';
import { freePort } from './support/free-port.ts';

const credentialsScript = fileURLToPath(new URL('../../infra/redis/credentials.sh', import.meta.url));
const mainOf = (role: string): string =>
  fileURLToPath(new URL(`../../apps/${role}/dist/main.js`, import.meta.url));

/** A certificate authority, and a certificate of it for `localhost`. */
function certificates(folder: string): { ca: string; cert: string; key: string } {
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...fresh,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-subj',
    '/CN=Fleet CA',
  );
  openssl('req', ...fresh, '-keyout', file('key.pem'), '-out', file('request.pem'), '-subj', '/CN=localhost');
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost');
  const signer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    '-in',
    file('request.pem'),
    ...signer,
    '-out',
    file('cert.pem'),
    '-extfile',
    file('names'),
  );
  return { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') };
}

it('a fleet trains over TLS, each process as its own user', { timeout: 120_000 }, async () => {
  const folder = temporaryDirectory();
  const { ca, cert, key } = certificates(folder);
  const credentials = join(folder, 'credentials');
  execFileSync(credentialsScript, [credentials]);
  chmodSync(join(credentials, 'users.acl'), 0o600);
  const port = await freePort();
  const redis = await startRedis(
    ...['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', ca],
    ...['--tls-auth-clients', 'no', '--aclfile', join(credentials, 'users.acl')],
  );
  onTestFinished(() => redis.stop());
  const config = join(folder, 'config.yaml');
  appendFileSync(
    config,
    [
      'environment: { id: CliffWalking-v1, options: { max_episode_steps: 200 } }',
      'agent: { kind: tabular, learningRate: 0.5, discount: 1 }',
      'stop: { maxUpdates: 4000 }',
    ].join('\n'),
  );
  const url = `rediss://localhost:${port}`;
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

  vi.stubEnv('QFLEET_REDIS_CA', ca);
  onTestFinished(() => void vi.unstubAllEnvs());
  const password = readFileSync(join(credentials, 'actor'), 'utf8');
  const actor = await connectRedis(url.replace('//', `//actor:${password}@`), { role: 'test' });
  for (const command of [
    ['FLUSHALL'],
    ['CONFIG', 'GET', '*'],
    ['HSET', 'qfleet:{sealed:fleet}:weights', 'version', '9'],
  ]) {
    await expect(actor.call(...(command as [string]))).rejects.toThrow(/NOPERM/);
  }
  actor.disconnect();
  vi.stubEnv('QFLEET_REDIS_CA', '');
  await expect(connectRedis(url, { role: 'test' })).rejects.toThrow(
    /signed by nobody that this machine trusts/,
  );
});
