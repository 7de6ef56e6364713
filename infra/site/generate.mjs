// Writes the pages that follow from the program itself: fields, commands, methods and environments.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @param {string} root
 * @param {string} path of a built module */
const built = (root, path) => import(join(root, path));

/** A cell of a table: one line, its bars escaped.
 * @param {unknown} value */
const cell = (value) =>
  String(value ?? '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|');

/** @param {string[]} head
 * @param {unknown[][]} rows */
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

/** @param {unknown} value as a file writes it */
const code = (value) =>
  value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

/** Writes the generated pages.
 * @param {string} root
 * @param {string} stage */
export async function generatePages(root, stage) {
  const pages = {
    'configuration.md': await configuration(root),
    'commands.md': await commands(root),
    'methods.md': await methods(root),
    'environments/index.md': await environments(root, stage),
  };
  mkdirSync(join(stage, 'environments'), { recursive: true });
  for (const [page, text] of Object.entries(pages)) writeFileSync(join(stage, page), text);
}

/** @param {string} root */
async function configuration(root) {
  const { configReference } = await built(root, 'packages/config/dist/index.js');
  // A part of the agent that has fields of its own is a section.
  const parts = Map.groupBy(configReference(), (/** @type {any} */ { path }) => {
    const steps = path.split('.');
    return steps
      .slice(0, steps[0] === 'agent' ? Math.min(2, steps.length - 1) : 1)
      .filter(isPart)
      .join('.');
  });
  const sections = [...parts].map(([part, fields]) => {
    const rows = fields.map((/** @type {any} */ field) => [
      code(field.path),
      field.choices
        ?.map((/** @type {any} */ { value, meaning }) => `${code(value)}${meaning ? ` ${meaning}` : ''}`)
        .join('; ') ?? field.allowed,
      code(field.default),
      [field.meaning, field.of && `(${field.of.field}: ${field.of.kinds.join(', ')})`]
        .filter(Boolean)
        .join(' '),
    ]);
    return `## ${part === '' ? 'The run' : part}\n\n${table(['field', 'takes', 'default', 'means'], rows)}`;
  });
  return `# Configuration

Every field of a run's configuration, from its schema. \`qfleet config PATH\` shows one in the terminal, \`qfleet config --preset NAME\` the values
of a preset with their sources. Fields are set in a YAML file, or by \`--set path=value\`. A field that only some kinds of a part have names
them in brackets.

${sections.join('\n\n')}
`;
}

/** @param {string} step */
const isPart = (step) => !/^(name|seed|kind)$/.test(step) && step !== '';

/** @param {string} root */
async function commands(root) {
  const { createProgram } = await built(root, 'apps/cli/dist/program.js');
  const program = createProgram();
  const help = program.createHelp();
  /** @type {(command: any, names: string[]) => string[]} */
  const sections = (command, names) => {
    const name = [...names, command.name()];
    const places = command.registeredArguments.map((/** @type {any} */ argument) => [
      code(help.argumentTerm(argument)),
      help.argumentDescription(argument),
    ]);
    const options = help
      .visibleOptions(command)
      .map((/** @type {any} */ option) => [code(help.optionTerm(option)), help.optionDescription(option)]);
    const own = [
      `## ${name.join(' ')}`,
      command.description(),
      `\`\`\`\n${help.commandUsage(command)}\n\`\`\``,
      table(['', ''], [...places, ...options]),
    ];
    const below = help.visibleCommands(command).filter((/** @type {any} */ each) => each.name() !== 'help');
    return [...own, ...below.flatMap((/** @type {any} */ each) => sections(each, name))];
  };
  const all = help.visibleCommands(program).filter((/** @type {any} */ each) => each.name() !== 'help');
  return `# Commands

Every command with its options, from its definition. \`qfleet COMMAND --help\` has examples.

${all.flatMap((/** @type {any} */ command) => sections(command, ['qfleet'])).join('\n\n')}
`;
}

/** @param {string} root */
async function methods(root) {
  const { configReference, listPresets, presetByName, presetValues } = await built(
    root,
    'packages/config/dist/index.js',
  );
  const reference = configReference();
  const sections = listPresets()
    .filter((/** @type {any} */ { kind }) => kind === 'method')
    .map((/** @type {any} */ { name, summary }) => {
      // A language agent learns to speak, any other to act.
      const trained = presetByName(name).agent.kind === 'token-q' ? 'text/walks' : 'cartpole';
      const rows = [...presetValues(name, reference)]
        .filter(([, { source }]) => source !== undefined)
        .map(([path, { value, source }]) => [code(path), code(value), source]);
      return `## ${name}\n\n${summary}\n\n\`\`\`\nqfleet train ${trained} --preset ${name}\n\`\`\`\n\n${table(['field', 'value', 'source'], rows)}`;
    });
  return `# Methods

Each preset of a method, from its file: its fields, their values, and the paper or the measurement that each value is from.
[Agents](./agents.md) says which one to take, [algorithms](./algorithms.md) which paper is which.

${sections.join('\n\n')}
`;
}

/** @param {string} root
 * @param {string} stage */
async function environments(root, stage) {
  const { listEnvironments, listTextEnvironments } = await built(root, 'packages/envs/dist/index.js');
  const texts = listTextEnvironments().map(
    (/** @type {any} */ { id, tokenizer, context, maxTurns, summary }) => [
      code(id),
      `text of ${context}`,
      `${tokenizer.size} tokens`,
      maxTurns ?? 'none',
      summary,
    ],
  );
  const rows = listEnvironments().map(
    (/** @type {any} */ { id, observationSpace, actionSpace, maxEpisodeSteps, summary }) => [
      code(id),
      observationSpace.kind === 'box'
        ? `${observationSpace.dtype} [${observationSpace.shape}]`
        : `one of ${observationSpace.n}`,
      actionSpace.n ?? '',
      maxEpisodeSteps ?? 'none',
      summary,
    ],
  );
  const written = readFileSync(join(stage, 'environments/index.md'), 'utf8');
  return `${written}
## All of them

As \`qfleet envs\` lists them.

${table(['id', 'observation', 'actions', 'limit of steps', 'what it is'], [...rows, ...texts])}
`;
}
