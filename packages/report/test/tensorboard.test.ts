import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadRunConfig } from '@qfleet/config';
import { describe, expect, it } from 'vitest';
import { RunDirectory } from '../src/index.ts';
import { scalarsEvent, startEvent, versionEvent } from '../src/tensorboard/event.ts';
import { crc32c, recordOf } from '../src/tensorboard/record.ts';

const file = new URL('./reference/tensorboard.json', import.meta.url);
const { records } = JSON.parse(readFileSync(file, 'utf8')) as { records: string[] };

describe('event files for TensorBoard', () => {
  it('are checked by CRC-32C', () => {
    // RFC 3720, B.4.
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  });

  it('have the bytes that the package itself writes', () => {
    const seconds = 1_700_000_000.25;
    const scalars = [
      ['rollout/return', 21.5],
      ['train/loss', -0.1],
    ] as const;
    const events = [
      versionEvent(seconds),
      startEvent(seconds, 100),
      scalarsEvent(seconds, 5_000_000_000, scalars),
    ];
    expect(events.map((event) => recordOf(event).toString('hex'))).toEqual(records);
  });

  it('lie in the run directory where the configuration asks for them', () => {
    const events = (tensorboard: boolean): string[] => {
      const path = join(mkdtempSync(join(tmpdir(), 'qfleet-events-')), 'run');
      const config = loadRunConfig({ preset: 'cartpole' }, [`report.tensorboard=${tensorboard}`]);
      const directory = RunDirectory.create(path, 'r1', config);
      for (const updates of [1, 2]) {
        directory.appendMetrics({
          ...{ time: updates, steps: 10 * updates, updates, episodes: 1, meanReturn: null, returnStd: null },
          ...{ epsilon: 0.1, loss: 0.5, meanAbsTdError: null, meanQ: null, replayTransitions: 20 },
        });
      }
      return readdirSync(path)
        .filter((name) => name.startsWith('events.out.tfevents.'))
        .map((name) => readFileSync(join(path, name), 'latin1'));
    };
    expect(events(false)).toEqual([]);
    const [text] = events(true);
    expect(text.match(/train\/loss/g)).toHaveLength(2);
    expect(text).not.toContain('rollout/return');
  });
});
