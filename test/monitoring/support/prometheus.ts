import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { prometheusDirectory } from './infra.ts';

/** Whether Prometheus and its tool are here; `apt-get install prometheus` brings both. */
export const hasPrometheus = ['prometheus', 'promtool'].every(
  (program) => spawnSync(program, ['--version']).status === 0,
);

export interface Prometheus {
  /** The series of an instant query, as `{metric, value}`. @throws with what Prometheus says of a bad query */
  query(expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]>;
  /** Every rule, as Prometheus sees it. */
  rules(): Promise<{ name: string; health: string; state?: string; lastError?: string }[]>;
}

/** How a Prometheus of a test differs from the shipped one, beside the exporter's address and quicker intervals. */
export interface PrometheusOptions {
  /** The address of an Alertmanager; absent: none is told. */
  readonly alertmanager?: string;
}

/** Starts a Prometheus on the shipped configuration. With an Alertmanager, alerts fire without the time that they wait for. */
export async function startPrometheus(
  exporter: string,
  options: PrometheusOptions = {},
): Promise<Prometheus> {
  const { alertmanager } = options;
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-prometheus-'));
  const shipped = parse(readFileSync(`${prometheusDirectory}prometheus.yml`, 'utf8'));
  const config = join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: shipped.rule_files.map((path: string) =>
        join(alertmanager === undefined ? prometheusDirectory : impatientRules(folder), path),
      ),
      ...(alertmanager === undefined
        ? {}
        : { alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] } }),
      scrape_configs: shipped.scrape_configs.map((job: object) => ({
        ...job,
        static_configs: [{ targets: [exporter] }],
      })),
    }),
  );
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  onTestFinished(async () => {
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const address = await new Promise<string>((resolve, reject) => {
    let log = '';
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Prometheus did not start:\n${log}`)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const listening = /msg="Listening on" address=(\S+)/.exec(log);
      if (listening) resolve(listening[1]);
    });
  });

  async function get<T>(path: string): Promise<T> {
    const response = await fetch(`http://${address}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  }
  return {
    async query(expression) {
      const { result } = await get<{ result: Awaited<ReturnType<Prometheus['query']>> }>(
        `query?query=${encodeURIComponent(expression)}`,
      );
      return result;
    },
    async rules() {
      const { groups } = await get<{ groups: { rules: Awaited<ReturnType<Prometheus['rules']>> }[] }>(
        'rules',
      );
      return groups.flatMap(({ rules }) => rules);
    },
  };
}

/** Copies the shipped rules to a folder, without what alerts wait for. @returns the folder that has `rules/` */
function impatientRules(folder: string): string {
  mkdirSync(join(folder, 'rules'), { recursive: true });
  for (const file of readdirSync(join(prometheusDirectory, 'rules'))) {
    const text = readFileSync(join(prometheusDirectory, 'rules', file), 'utf8');
    writeFileSync(join(folder, 'rules', file), text.replaceAll(/^ +for: .*\n/gm, ''));
  }
  return folder;
}
