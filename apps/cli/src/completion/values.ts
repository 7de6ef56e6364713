import type { Argument, Option } from 'commander';

/** One word that may stand where the cursor is, and what it means. */
export interface Candidate {
  readonly word: string;
  readonly meaning?: string;
}

/** What may stand in a place of the command line. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Paths that the shell completes itself, beside the candidates. */
  readonly paths: 'none' | 'files' | 'directories';
}

export const NOTHING: Completion = { candidates: [], paths: 'none' };

type Completer = (word: string) => Completion | Promise<Completion>;

const only =
  (paths: Completion['paths']): Completer =>
  () => ({ candidates: [], paths });

/** How a place is completed, by the name that its command gives it in `<…>` or `[…]`. */
const COMPLETERS: Readonly<Record<string, Completer>> = {
  what: async () => ({
    candidates: [
      ...(await presets('environment')),
      ...(await environments()),
      ...(await textEnvironments()),
      { word: 'text/lm', meaning: 'a language model, of a text' },
    ],
    paths: 'files',
  }),
  env: async () => ({
    candidates: [...(await environments()), ...(await textEnvironments())],
    paths: 'files',
  }),
  task: async () => ({ candidates: await textEnvironments(), paths: 'files' }),
  environments: async () => ({ candidates: await environments(), paths: 'none' }),
  method: async () => ({ candidates: await presets('method'), paths: 'none' }),
  preset: async () => ({ candidates: await presets(), paths: 'none' }),
  names: async () => ({ candidates: await presets(), paths: 'none' }),
  field: async () => ({ candidates: await parts(), paths: 'none' }),
  path: only('files'),
  'path=value': (word) => assignment(word),
  'path=value,…': (word) => assignment(word),
  'preset|field': async () => ({
    candidates: [{ word: 'preset', meaning: 'the name of the configuration' }, ...(await fieldPaths())],
    paths: 'none',
  }),
  'run-dir': only('directories'),
  'run-dirs': only('directories'),
  'run-dir|checkpoint': only('files'),
  'out-dir': only('directories'),
  dir: only('directories'),
  run: only('directories'),
  file: only('files'),
  files: only('files'),
  out: only('files'),
};

/** What may be the value of an option or an argument, of which `word` is there. */
export async function valuesOf(place: Option | Argument, word: string): Promise<Completion> {
  if (place.argChoices !== undefined) {
    return { candidates: place.argChoices.map((choice) => ({ word: choice })), paths: 'none' };
  }
  return (await COMPLETERS[placeName(place)]?.(word)) ?? NOTHING;
}

/** `run-dir` of `<run-dir>`, of `[run-dir]`, and of `--out <run-dir...>`. */
function placeName(place: Option | Argument): string {
  if (!('flags' in place)) return place.name();
  return /[<[]([^>\]]+)[>\]]/.exec(place.flags)?.[1].replace(/\.\.\.$/, '') ?? '';
}

async function presets(kind?: 'environment' | 'method'): Promise<Candidate[]> {
  const { listPresets } = await import('@qfleet/config');
  const all = listPresets().filter((preset) => kind === undefined || preset.kind === kind);
  return all.map(({ name, summary }) => ({ word: name, meaning: summary }));
}

async function environments(): Promise<Candidate[]> {
  const { listEnvironments } = await import('@qfleet/envs');
  return listEnvironments().map(({ id, summary }) => ({ word: id, meaning: summary }));
}

async function textEnvironments(): Promise<Candidate[]> {
  const { listTextEnvironments } = await import('@qfleet/envs');
  return listTextEnvironments().map(({ id, summary }) => ({ word: id, meaning: summary }));
}

async function fieldPaths(): Promise<Candidate[]> {
  const { configReference } = await import('@qfleet/config');
  const meanings = new Map(configReference().map(({ path, meaning, allowed }) => [path, meaning ?? allowed]));
  return [...meanings].map(([word, meaning]) => ({ word, meaning }));
}

/** The fields, and the parts that hold them. */
async function parts(): Promise<Candidate[]> {
  const fields = await fieldPaths();
  const names = new Set<string>();
  for (const { word } of fields) {
    const steps = word.split('.');
    for (let length = 1; length < steps.length; length++) names.add(steps.slice(0, length).join('.'));
  }
  return [...[...names].map((word) => ({ word })), ...fields];
}

/** `path=` for the fields, and behind it the field's values where there are but a few. */
async function assignment(word: string): Promise<Completion> {
  const end = word.indexOf('=');
  if (end < 0) {
    const fields = await fieldPaths();
    return { candidates: fields.map((field) => ({ ...field, word: `${field.word}=` })), paths: 'none' };
  }
  const { configReference } = await import('@qfleet/config');
  const path = word.slice(0, end);
  const values = new Map<string, string | undefined>();
  for (const field of configReference().filter((each) => each.path === path)) {
    for (const { value, meaning } of field.choices ?? []) values.set(value, meaning);
  }
  const candidates = [...values].map(([value, meaning]) => ({
    word: `${path}=${value}`,
    ...(meaning === undefined ? {} : { meaning }),
  }));
  return { candidates, paths: 'none' };
}
