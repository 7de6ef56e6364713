// `npm run test:learning -- envs [--quick] [--only PRESET]`: runs the cells of a table that have no result yet, and writes
// the table into `docs/results.md`. Killed, it goes on where it was: each cell's result is kept as soon as it is there.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { meanOf } from '@qfleet/report';
import { type Cell, keyOf, type Pace } from './cell.ts';
import { drawCurves } from './curves.ts';
import { envs, type Line } from './envs.ts';
import { family } from './family.ts';
import { machines, type Row, table } from './markdown.ts';
import { offline } from './offline.ts';
import { appendResult, type Result, readResults } from './results.ts';
import { runCells } from './schedule.ts';

const tables: Readonly<Record<string, readonly Line[]>> = { envs, family, offline };

const USAGE = `Usage: npm run test:learning -- TABLE [--quick] [--only PRESET]; tables: ${Object.keys(tables).join(', ')}.`;

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What was asked for. @throws Error in one sentence for what is none of it. */
function asked() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
  });
  const [name = ''] = positionals;
  const lines = tables[name];
  if (lines === undefined || positionals.length > 1) throw new Error(USAGE);
  const chosen = lines.filter(
    ({ cells }) => values.only === undefined || [cells[0].preset, cells[0].method].includes(values.only),
  );
  if (chosen.length === 0) throw new Error(`The table ${name} has no preset "${values.only}".`);
  return { name, lines, chosen, quick: values.quick };
}

async function run({ name, lines, chosen, quick }: ReturnType<typeof asked>): Promise<boolean> {
  const pace: Pace = { part: quick ? 0.1 : 1 };
  // A quick look says nothing of what the documents say: its results stay apart, in a folder that git ignores.
  const file = join(root, quick ? 'runs/learning' : 'docs/results', `${name}.jsonl`);
  const cellsOf = ({ cells }: Line): readonly Cell[] => (quick ? cells.slice(0, 1) : cells);
  const known = readResults(file);
  const missing = chosen.flatMap(cellsOf).filter((cell) => !known.has(keyOf(cell, pace)));
  console.log(`${missing.length} cells are to be run; ${known.size} results are in ${file}.`);
  const failed = await runCells(missing, pace, (result) => {
    appendResult(file, result);
    console.log(sentence(result));
  });

  const results = readResults(file);
  const rows = lines.map(
    (line): Row => ({
      line,
      results: cellsOf(line).flatMap((cell) => results.get(keyOf(cell, pace)) ?? []),
    }),
  );
  console.log(table(rows));
  if (!quick) await writeDocument(name, rows);
  return failed.length === 0;
}

const sentence = ({ preset, method, name, fixed, seed, last, best, frames }: Result): string =>
  `${[preset, method ?? [], name ?? [], fixed ?? []].flat().join(', ')}, seed ${seed}: last ${meanOf(last.returns).toFixed(1)}, ` +
  `best ${meanOf(best.returns).toFixed(1)}, ${frames} frames`;

/** Replaces what is between the table's markers in the document, and its curves beside. */
async function writeDocument(name: string, rows: readonly Row[]): Promise<void> {
  const document = join(root, 'docs/results.md');
  const text = readFileSync(document, 'utf8');
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`docs/results.md has no place for the table ${name}: ${begin} … ${end}.`);
  writeFileSync(join(root, `docs/results/${name}.svg`), await drawCurves(rows));
  const made = [
    table(rows),
    `![Learning curves](results/${name}.svg)`,
    `Measured with ${machines(rows).join('; ') || 'nothing yet'}.`,
  ];
  writeFileSync(document, `${text.slice(0, from)}${begin}\n\n${made.join('\n\n')}\n\n${text.slice(to)}`);
}

try {
  process.exitCode = (await run(asked())) ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
