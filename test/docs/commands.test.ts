import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configReference, listPresets } from '@qfleet/config';
import { listEnvironments } from '@qfleet/envs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../apps/cli/src/program.ts';
import { argumentsOf, commandsOf, documents, read, repository, type Shown } from './commands.ts';

type Command = ReturnType<typeof createProgram>;

/** What stands for something that the reader fills in, and a value that does. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  N: '1',
  METHOD: 'rainbow',
  ENV: 'CartPole-v1',
  ID: 'CartPole-v1',
  ENVIRONMENT: 'cartpole',
  TASK: 'cartpole',
  PRESET: 'cartpole',
  COMMAND: 'train',
  NAME: 'rainbow',
  URL: 'redis://127.0.0.1',
  'FILES…': 'recorded.parquet',
};
const isPlaceholder = (word: string): boolean => /^[A-Z][A-Z_]*(…|\.\w+)?$/.test(word);

const presets = listPresets();
const methods = presets.filter(({ kind }) => kind === 'method').map(({ name }) => name);
const trained = [
  ...presets.filter(({ kind }) => kind === 'environment').map(({ name }) => name),
  ...listEnvironments().map(({ id }) => id),
];
const paths = configReference().map(({ path }) => path);
const isField = (path: string): boolean =>
  // That one is of summary.json.
  path === 'evaluation.mean' ||
  paths.some((known) => known === path || known.startsWith(`${path}.`)) ||
  path.startsWith('environment.options.');

/** A program whose commands do nothing but say what they were given. */
function dryProgram(seen: (command: Command) => void): Command {
  const dry = (command: Command): void => {
    command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    for (const each of command.commands) dry(each);
    if (command.commands.length === 0) command.action(() => seen(command));
  };
  const program = createProgram();
  dry(program);
  return program;
}

/** What is wrong with a command that a document shows; null: it can be typed as it stands. */
function wrongWith(shown: Shown): string | null {
  const given = argumentsOf(shown);
  if (given === null) {
    const [, ...rest] = shown.words;
    const script = rest[0] === 'run' ? rest.find((word) => word !== 'run' && !word.startsWith('-')) : rest[0];
    const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
    return script === undefined || script in scripts || isPlaceholder(script)
      ? null
      : `npm has no script ${script}`;
  }
  const [first] = given;
  // A name in a sentence, as in `qfleet bench NAME`, or the program's own help.
  if (first === undefined || isPlaceholder(first) || /^--(help|version)$/.test(first)) return null;
  const words = given
    .filter((word) => !/^(--help|…|\[.*)$/.test(word))
    .map((word) => word.replace(/…$/, (end) => (PLACEHOLDERS[word] ? end : '')));
  let problem: string | null = null;
  let ran = false;
  const program = dryProgram((command) => {
    ran = true;
    problem = problemOf(command);
  });
  try {
    const values = first === 'bench' ? { ...PLACEHOLDERS, NAME: 'learner' } : PLACEHOLDERS;
    program.parse(
      words.map((word) => values[word] ?? word),
      { from: 'user' },
    );
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    // A command in a sentence is named without its arguments.
    const isNamed = /missingArgument|optionMissingArgument|missingMandatoryOptionValue|help/.test(code);
    return isNamed ? null : `${message}`;
  }
  return ran ? problem : null;
}

function problemOf(command: Command): string | null {
  const { set = [], preset } = command.opts<{ set?: string[]; preset?: string }>();
  for (const assignment of set) {
    const path = assignment.split('=')[0];
    if (!isPlaceholder(path) && path !== 'path' && !isField(path.replace(/…$/, '')))
      return `there is no field ${path}`;
  }
  const isMethodOption = ['train', 'sweep'].includes(command.name());
  if (preset !== undefined && isMethodOption && !methods.includes(preset) && !isPlaceholder(preset))
    return `there is no method ${preset}`;
  const [what] = command.args;
  const isFile = /[./]/.test(what ?? '') && /\.(ya?ml|ts|js|mjs)$|^runs\//.test(what);
  const names = isMethodOption || command.parent?.name() === 'env';
  if (!names || what === undefined || isFile || isPlaceholder(what) || what.startsWith('text/')) return null;
  return trained.includes(what) || /^([a-z]+:|ALE\/)/.test(what)
    ? null
    : `there is no preset or environment ${what}`;
}

const all = documents();

describe('what the documents name', () => {
  it('is found at all', () => {
    const commands = all.flatMap(commandsOf);
    expect(commands.length).toBeGreaterThan(200);
    expect(wrongWith({ document: '', text: '', words: ['qfleet', 'train', 'cartpole', '--nope'] })).toMatch(
      /--nope/,
    );
    expect(
      wrongWith({ document: '', text: '', words: ['qfleet', 'train', 'x', '--set', 'agent.lr=1'] }),
    ).toMatch(/agent\.lr/);
    expect(wrongWith({ document: '', text: '', words: ['qfleet', 'train', 'cartpol'] })).toMatch(/cartpol/);
    expect(wrongWith({ document: '', text: '', words: ['npm', 'run', 'nope'] })).toMatch(/nope/);
  });

  it.each(all)('exists: the commands of %s', (document) => {
    const wrong = commandsOf(document).flatMap((shown) => {
      const problem = wrongWith(shown);
      return problem === null ? [] : [`${shown.text}: ${problem}`];
    });
    expect(wrong).toEqual([]);
  });

  it.each(all)('exists: the fields of the configuration in %s', (document) => {
    const fields = [
      ...read(document).matchAll(
        /`((?:environment|agent|exploration|replay|fleet|learner|evaluation|stop|report)(?:\.[A-Za-z]+)+)(?:=|: |`)/g,
      ),
    ].map(([, field]) => field);
    expect(
      fields.filter((field) => !isField(field) && !/\.(ts|mjs|js|md|yaml|json|jsonl)$/.test(field)),
    ).toEqual([]);
  });
});
