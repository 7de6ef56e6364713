import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { prometheusDirectory, readDoc, readRules } from './support/infra.ts';
import { hasPrometheus } from './support/prometheus.ts';

const tests = `${prometheusDirectory}tests/alerts.test.yml`;

function promtool(...args: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

describe.skipIf(!hasPrometheus)('promtool (apt-get install prometheus)', { timeout: 180_000 }, () => {
  it('accepts the configuration and its rules', () => {
    const { code, output } = promtool('check', 'config', `${prometheusDirectory}prometheus.yml`);
    expect(output).not.toContain('FAILED');
    expect(code, output).toBe(0);
  });

  it('finds that each rule does what its unit test says', () => {
    const { code, output } = promtool('test', 'rules', tests);
    expect(code, output).toBe(0);
  });
});

describe('each alert', () => {
  const { tests: cases } = parse(readFileSync(tests, 'utf8')) as {
    tests: { alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[] }[];
  };
  const runbooks = readDoc('runbooks.md');

  it.each(readRules('alerts.yml').map(({ alert, annotations }) => ({ alert: alert!, annotations })))(
    '$alert is tested firing and silent, and has its runbook',
    ({ alert, annotations }) => {
      const expected = cases
        .flatMap(({ alert_rule_test: its = [] }) => its)
        .filter(({ alertname }) => alertname === alert)
        .map(({ exp_alerts: alerts }) => alerts.length > 0);
      expect(new Set(expected)).toEqual(new Set([true, false]));
      expect(annotations?.['runbook_url']).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
      expect(runbooks).toContain(`\n## ${alert}\n`);
    },
  );
});
