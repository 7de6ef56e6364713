import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A command that a document shows, and where. */
export interface Shown {
  readonly document: string;
  /** As it stands there, without what follows it as a comment. */
  readonly text: string;
  /** Its words, without variables before it and without what a shell does with its output. */
  readonly words: readonly string[];
}

const SKIPPED = new Set(['node_modules', 'dist', 'runs']);

/** The documents of the repository, from its root. */
export function documents(folder = repository): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return SKIPPED.has(entry.name) || entry.name.startsWith('.') ? [] : documents(path);
    return entry.name.endsWith('.md') ? [relative(repository, path)] : [];
  });
}

export const read = (document: string): string => readFileSync(join(repository, document), 'utf8');

const COMMAND = /^(?:[A-Z_]+=\S+ )*(qfleet|npm start|npm test|npm run) ?(.*)$/;

/** What a document shows as commands: lines of its blocks, and words between backticks. */
export function commandsOf(document: string): Shown[] {
  const text = read(document).replaceAll(/ \\\n\s*/g, ' ');
  const blocks = [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)]
    .filter(([, language]) => ['', 'bash', 'sh'].includes(language))
    .flatMap(([, , block]) => block.split('\n'));
  const indented = text.split('\n').flatMap((line) => /^ {4}((?:qfleet|npm) .*)$/.exec(line)?.[1] ?? []);
  const inline = [
    ...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/`((?:qfleet|npm (?:run|start|test))\b[^`\n]*)`/g),
  ];
  const lines = [...blocks, ...indented, ...inline.map(([, line]) => line.replaceAll('\\|', '|'))];
  return lines.flatMap((line) => {
    // Two spaces or a sign begin what is said of a command.
    const shown = line
      .trim()
      .replace(/^\$ /, '')
      .split(/\s{2,}|\s#\s/)[0];
    const match = COMMAND.exec(shown);
    if (match === null) return [];
    const command = shown.replace(/^(?:[A-Z_]+=\S+ )*/, '').split(/ (?:\||&&|&|>|2>|<) ?/)[0];
    return [{ document, text: shown, words: wordsOf(command) }];
  });
}

/** A line's words as a shell takes them. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  return words
    .map((word) => word.replaceAll(/['"]|^\[(?=-)|(?<!\[[^\]]*)\]$/g, ''))
    .filter((word) => word !== '…');
}

/** The arguments of `qfleet` that a command stands for; null: it is another one of npm's. */
export function argumentsOf({ words: [first, ...rest] }: Shown): string[] | null {
  if (first === 'qfleet') return rest;
  if (rest[0] === 'start') return ['train', ...(rest.length > 1 ? rest.slice(2) : ['cartpole'])];
  const name = rest.find((word) => !word.startsWith('-') && word !== 'run');
  const at = rest.indexOf('--');
  return name === 'qfleet' ? rest.slice(at + 1) : null;
}
