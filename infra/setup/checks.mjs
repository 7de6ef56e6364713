// `npm test`: the checks of the source, each of which counts as one test, then every suite, then the sum.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkDirections } from './directions.mjs';
import { checkDocuments } from './documents.mjs';
import { launch } from './launch.mjs';
import { capture } from './progress.mjs';

/** @typedef {{passed: number, failed: number, skipped: number}} Counts */

/** Runs the checks, a line each on stdout, with the findings of those that fail.
 * @param {import('./setup.mjs').Ready} ready
 * @returns {Promise<Counts>} */
export async function runChecks({ root, node, env }) {
  const bin = (/** @type {string} */ path) => join(root, 'node_modules', path);
  const tool = (/** @type {string[]} */ args) => async () => {
    const { code, output } = await capture(node, args, { cwd: root, env });
    return { ok: code === 0, findings: output };
  };
  const checks = {
    'formatting and lint (biome)': tool([bin('@biomejs/biome/bin/biome'), 'ci', '--colors=off']),
    'types of the tests (tsc)': tool([
      bin('typescript/bin/tsc'),
      '-p',
      'test/tsconfig.json',
      '--pretty',
      'false',
    ]),
    'dead code and dependencies (knip)': tool([
      bin('knip/bin/knip.js'),
      '--no-progress',
      '--no-config-hints',
      '--config',
      '.knip.json',
    ]),
    'directions of dependencies': async () => {
      const breaches = checkDirections(root);
      return { ok: breaches.length === 0, findings: breaches.join('\n') };
    },
    'files and headings that documents name': async () => {
      const missing = checkDocuments(root);
      return { ok: missing.length === 0, findings: missing.join('\n') };
    },
  };
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [title, check] of Object.entries(checks)) {
    const began = Date.now();
    const { ok, findings } = await check();
    counts[ok ? 'passed' : 'failed'] += 1;
    console.log(` ${ok ? '✓' : '✗'} ${title} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    if (!ok) console.log(findings.trimEnd());
  }
  return counts;
}

/** Runs the suites.
 * @param {import('./setup.mjs').Ready} ready
 * @param {string} config vitest's configuration file
 * @param {string[]} args further ones for vitest, such as a part of a file's name
 * @returns {Promise<Counts>} */
export async function runSuites({ root, node, env }, config, args) {
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-test-'));
  const report = join(folder, 'report.json');
  try {
    const flags = [
      'run',
      '--config',
      config,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ];
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const code = await launch(node, [vitest, ...flags, ...args], {
      cwd: root,
      // Vitest takes CI for a reader of colours.
      env: process.stdout.isTTY ? env : { ...env, NO_COLOR: '1' },
    });
    return countReport(readReport(report), code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} path
 * @returns {string} nothing if vitest did not live to write it */
function readReport(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The tests in vitest's JSON report. What fails outside of a test counts as a failed one: a file that can't be
 * loaded, a hook, an unhandled rejection, vitest itself.
 * @param {string} json
 * @param {number} exitCode vitest's
 * @returns {Counts} */
export function countReport(json, exitCode) {
  if (json === '') return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(json);
  const counts = {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
  for (const file of report.testResults) {
    const hasFailedTest = file.assertionResults.some(
      (/** @type {{status: string}} */ test) => test.status === 'failed',
    );
    if (file.status === 'failed' && !hasFailedTest) counts.failed += 1;
  }
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** @param {Counts[]} parts
 * @returns {Counts} */
export function sum(parts) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const part of parts) {
    total.passed += part.passed;
    total.failed += part.failed;
    total.skipped += part.skipped;
  }
  return total;
}

/** The last line of a test run.
 * @param {Counts} counts */
export function sumLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
