import { describe, expect, it } from 'vitest';
import { hasAlertmanager, startAlertmanager } from './support/alertmanager.ts';
import { hasPrometheus, startPrometheus } from './support/prometheus.ts';

describe.skipIf(!hasPrometheus || !hasAlertmanager)(
  'Alertmanager (apt-get install prometheus-alertmanager)',
  () => {
    it('is told by Prometheus of an alert that fires, and tells the receiver of its severity', {
      timeout: 120_000,
    }, async () => {
      const { address, notices } = await startAlertmanager();
      // Nothing listens on this port: the exporter is away.
      await startPrometheus('127.0.0.1:1', { alertmanager: address });
      await expect.poll(() => notices.length, { timeout: 60_000 }).toBeGreaterThan(0);
      const [{ receiver, status, alerts }] = notices;
      expect({ receiver, status }).toEqual({ receiver: 'page', status: 'firing' });
      expect(alerts[0]).toMatchObject({
        labels: { alertname: 'QfleetExporterDown', severity: 'page' },
        annotations: { runbook_url: 'docs/runbooks.md#qfleetexporterdown' },
      });
    });
  },
);
