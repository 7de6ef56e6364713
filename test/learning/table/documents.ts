import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawCurves } from './curves.ts';
import type { Section } from './line.ts';
import { machines, type Row, table } from './markdown.ts';

/** A section with the results that are there. */
export interface Made {
  readonly section: Section;
  readonly rows: readonly Row[];
}

/** Writes a table into `docs/results.md`, with its curves beside. */
export async function writeResults(root: string, name: string, all: readonly Made[]): Promise<void> {
  const made = all.filter(({ rows }) => rows.some(({ results }) => results.length > 0));
  const parts: string[] = [];
  for (const { section, rows } of made) {
    const curves = [name, section.name ?? []].flat().join('-');
    const drawn = await drawCurves(rows);
    if (drawn !== null) writeFileSync(join(root, `docs/results/${curves}.svg`), drawn);
    if (section.title !== undefined) parts.push(`### ${section.title}`);
    if (section.about !== undefined) parts.push(section.about);
    parts.push(table(rows, { digits: section.digits }));
    if (drawn !== null) parts.push(`![Learning curves](results/${curves}.svg)`);
  }
  if (made.length > 0) parts.push(`Measured with ${machines(made.flatMap(({ rows }) => rows)).join('; ')}.`);
  replace(root, 'docs/results.md', name, parts);
}

/** Writes the rows that are to be compared at a glance into the comparison: one of ours for each peer, and the peers. */
export function writeComparison(root: string, name: string, rows: readonly Row[]): void {
  const measured = rows.filter(({ results }) => results.length > 0);
  const peers = measured.filter(({ line }) => line.beside !== undefined);
  const compared = new Set(peers.map(({ line }) => line.beside));
  const ours = measured.filter(({ results: [{ method }] }) => compared.has(method));
  const said = `Others on the same machine, [how](results.md): \`npm run test:learning -- ${name} --peer\``;
  const parts = [said, table([...ours, ...peers], { isBrief: true })];
  replace(root, 'docs/comparison.md', name, peers.length === 0 ? [] : parts);
}

/** Replaces what is between two markers of a document. @throws Error where it has none. */
function replace(root: string, document: string, name: string, parts: readonly string[]): void {
  const path = join(root, document);
  const text = readFileSync(path, 'utf8');
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`${document} has no place for the table ${name}: ${begin} … ${end}.`);
  writeFileSync(path, `${text.slice(0, from)}${[begin, ...parts].join('\n\n')}\n\n${text.slice(to)}`);
}
