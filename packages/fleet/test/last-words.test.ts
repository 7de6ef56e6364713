import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lastSentenceIn } from '../src/process/last-words.ts';

describe('what a log says of the end of a process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-log-'));
  const file = join(folder, 'child.log');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const structured = '{"level":30,"time":1,"msg":"Training from update 0."}\n';
  const stack = '    at step (file:///home/user/env.ts:7:11)\n    at node:internal/main:1:1';
  it.each([
    ['a sentence', `${structured}The widget is broken.\n`, 'The widget is broken.'],
    ['a structured line', `Up.\n${structured}`, 'Training from update 0.'],
    ['what has no words after it', 'The widget is broken.\n]\n}\n\n', 'The widget is broken.'],
    [
      'an error that nobody caught',
      `${structured}file:///home/user/env.ts:7\n    throw new TypeError('no widget');\n          ^\n\nTypeError: no widget\n${stack}\n\nNode.js v24.21.0\n`,
      'TypeError: no widget',
    ],
    [
      'an error of many lines',
      `ZodError: [\n  {\n    "path": "loss"\n  }\n]\n${stack} {\n  code: 'E'\n}\n\nNode.js v24.21.0\n`,
      'ZodError: [ { "path": "loss" } ]',
    ],
    [
      'a promise that nobody caught',
      'node:internal/process/promises:394\n      triggerUncaughtException(err, true);\n      ^\n\n[UnhandledPromiseRejection: The promise rejected with the reason "no widget".] {\n  code: \'ERR_UNHANDLED_REJECTION\'\n}\n\nNode.js v24.21.0\n',
      '[UnhandledPromiseRejection: The promise rejected with the reason "no widget".] { code: \'ERR_UNHANDLED_REJECTION\' }',
    ],
    [
      'memory that is used up',
      'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n----- Native stack trace -----\n\n 1: 0xe36196 node::OOMErrorHandler [node]\n 2: 0x123 [node]\n',
      'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    ],
    ['nothing', '', null],
    ['nothing but brackets', ']\n', null],
  ])('%s', (_, log, said) => {
    writeFileSync(file, log);
    expect(lastSentenceIn(file)).toBe(said);
  });

  it('nothing of an earlier life', () => {
    writeFileSync(file, 'The widget is broken.\n');
    expect(lastSentenceIn(file, 22)).toBeNull();
  });
});
