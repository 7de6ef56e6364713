// `npm run test:learning -- TABLE [--quick] [--peer] [--only NAME]`: runs the cells of a table that have no result yet, and
// writes the table into `docs/results.md`. Killed, it goes on where it was: each cell's result is kept as soon as it is there.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { meanOf } from '@qfleet/report';
import { privatePython } from '../../support/private-python.ts';
import { type Cell, describeCell, isAlone, keyOf, QUICK, WHOLE, wayOf } from './cell.ts';
import { type Made, writeComparison, writeResults } from './documents.ts';
import { envs } from './envs.ts';
import { family } from './family.ts';
import { inOrder, type Line, type Section } from './line.ts';
import { table } from './markdown.ts';
import { offline } from './offline.ts';
import { PEER_PACKAGES } from './peers.ts';
import { appendResult, type Result, readResults } from './results.ts';
import { plannedSeconds, runCells } from './schedule.ts';
import { text } from './text.ts';

const tables: Readonly<Record<string, readonly Section[]>> = { envs, family, offline, text };

const USAGE = `Usage: npm run test:learning -- TABLE [--quick] [--peer] [--only PRESET, METHOD or PEER]; tables: ${Object.keys(tables).join(', ')}.`;

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What was asked for. @throws Error in one sentence for what is none of it. */
function asked() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      peer: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  });
  const [name = ''] = positionals;
  const sections = tables[name];
  if (sections === undefined || positionals.length > 1) throw new Error(USAGE);
  const { only, quick, peer } = values;
  const isChosen = ({ cells: [cell] }: Line): boolean =>
    (cell.kind !== 'peer' || peer) && (only === undefined || [cell.preset, wayOf(cell)].includes(only));
  if (!sections.some(({ lines }) => lines.some(isChosen))) {
    throw new Error(`The table ${name} has no preset, method or peer "${only}"; peers need --peer.`);
  }
  return { name, sections, quick, isChosen };
}

async function run({ name, sections, quick, isChosen }: ReturnType<typeof asked>): Promise<boolean> {
  const pace = quick ? QUICK : WHOLE;
  // A quick look says nothing of what the documents say: its results stay apart, in a folder that git ignores.
  const file = join(root, quick ? 'runs/learning' : 'docs/results', `${name}.jsonl`);
  const cellsOf = ({ cells }: Line): readonly Cell[] => (quick ? cells.slice(0, 1) : cells);
  const known = readResults(file);
  const missing = sections
    .flatMap(({ lines }) =>
      inOrder(
        lines.filter(isChosen).map((line) => ({ ...line, cells: cellsOf(line) })),
        isAlone,
      ),
    )
    .filter((cell) => !known.has(keyOf(cell, pace)));
  const minutes = Math.ceil(plannedSeconds(missing, pace) / 60);
  console.log(
    `${missing.length} cells are to be run, planned to take ${minutes} min; ${known.size} results are in ${file}.`,
  );
  if (missing.some(({ kind }) => kind === 'peer')) {
    process.env['QFLEET_PEER_PYTHON'] = await peerPython();
  }
  const failed = await runCells(missing, pace, (cell, result) => {
    appendResult(file, result);
    console.log(sentence(cell, result));
  });

  const results = readResults(file);
  const made = sections.map(
    (section): Made => ({
      section,
      rows: section.lines.map((line) => ({
        line,
        results: cellsOf(line).flatMap((cell) => results.get(keyOf(cell, pace)) ?? []),
      })),
    }),
  );
  for (const { section, rows } of made) {
    if (rows.some((row) => row.results.length > 0))
      console.log(`${section.title ?? name}\n${table(rows, { digits: section.digits })}\n`);
  }
  if (!quick) {
    await writeResults(root, name, made);
    const compared = made.find(({ section }) => section.isInReadme === true);
    if (compared !== undefined) writeComparison(root, name, compared.rows);
  }
  return failed.length === 0;
}

const sentence = (cell: Cell, { last, best, frames }: Result): string =>
  `${describeCell(cell)}: last ${meanOf(last.returns).toFixed(2)}, best ${meanOf(best.returns).toFixed(2)}, ${frames} frames`;

/** @throws Error in one sentence where pip can't install the peers' packages. */
async function peerPython(): Promise<string> {
  try {
    return await privatePython('learning-peers', PEER_PACKAGES);
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const reason = stderr?.trim().split('\n').at(-1) || message;
    throw new Error(`The peers' packages can't be installed; leave out --peer, or see to it: ${reason}`);
  }
}

async function main(): Promise<number> {
  let wanted: ReturnType<typeof asked>;
  try {
    wanted = asked();
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  try {
    return (await run(wanted)) ? 0 : 1;
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}

process.exitCode = await main();
