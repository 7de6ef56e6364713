import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';

/** Debian's name first. */
const program = ['prometheus-alertmanager', 'alertmanager'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

/** Whether an Alertmanager is here; `apt-get install prometheus-alertmanager` brings it. */
export const hasAlertmanager = program !== undefined;

/** What Alertmanager tells a webhook. */
export interface Notice {
  readonly receiver: string;
  readonly status: string;
  readonly alerts: readonly {
    readonly status: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

/**
 * Starts an Alertmanager on the shipped configuration, whose receivers tell a webhook of this process, after a second.
 * @returns its address, and what the webhook was told so far.
 */
export async function startAlertmanager(): Promise<{ address: string; notices: readonly Notice[] }> {
  const notices: Notice[] = [];
  const webhook = createServer(async (request, response) => {
    notices.push(JSON.parse(await text(request)));
    response.end();
  });
  await once(webhook.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}`;
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-alertmanager-'));
  const shipped = parse(
    readFileSync(new URL('../../../infra/alertmanager/alertmanager.yml', import.meta.url), 'utf8'),
  );
  const receivers = shipped.receivers.map((receiver: object) => ({
    ...receiver,
    webhook_configs: [{ url }],
  }));
  const config = join(folder, 'alertmanager.yml');
  writeFileSync(config, stringify({ ...shipped, route: { ...shipped.route, group_wait: '1s' }, receivers }));
  const args = [
    `--config.file=${config}`,
    `--storage.path=${join(folder, 'data')}`,
    '--cluster.listen-address=',
  ];
  const child = spawn(program!, [...args, '--web.listen-address=127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(async () => {
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    webhook.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const address = await new Promise<string>((resolve, reject) => {
    let log = '';
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Alertmanager did not start:\n${log}`)));
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      log += part;
      const listening = /msg="Listening on" address=(\S+)/.exec(log);
      if (listening) resolve(listening[1]);
    });
  });
  return { address, notices };
}
