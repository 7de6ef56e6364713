import { resolveAnyEnvironment } from '@qfleet/env-host';
import { boundEpisodes, generateEpisodes, isText, type TextDefinition, type TextEpisode } from '@qfleet/envs';
import { isModule } from '../arguments.ts';
import { UsageError } from '../errors.ts';
import { print, printJson, shown } from '../terminal/output.ts';
import { readEpisodes } from './read.ts';
import { describeData, Tally } from './tally.ts';
import { type DataFormat, writeEpisodes } from './write.ts';

export interface DataOptions {
  readonly out?: string;
  readonly check?: string;
  readonly episodes?: number;
  readonly seed: number;
  readonly option: readonly string[];
  readonly format: DataFormat;
  readonly policy: 'data' | 'bound';
  readonly json?: true;
}

/** `qfleet data`. */
export async function data(task: string, options: DataOptions): Promise<void> {
  const { out, check } = options;
  if ((out === undefined) === (check === undefined)) {
    throw new UsageError('qfleet data writes into --out DIR, or reads --check PATH: give one of them.');
  }
  const definition = await textTask(task, options.option);
  const tally = new Tally(definition);
  if (check !== undefined) {
    for await (const episode of readEpisodes(check, definition)) tally.add(episode);
    const { summary } = tally;
    const sentence = `${shown(check)} fits ${definition.id}: ${describeData(summary)}.`;
    await (options.json ? printJson(summary) : print(sentence));
    return;
  }
  const { seed, policy } = options;
  const episodes = options.episodes ?? definition.data?.episodes ?? 1_000;
  const play = policy === 'bound' ? boundEpisodes : generateEpisodes;
  const file = await writeEpisodes(out!, options.format, counted(play(definition, seed, episodes), tally));
  const { summary } = tally;
  const document = { ...summary, file, seed, policy };
  await (options.json ? printJson(document) : print(`Wrote ${shown(file)}: ${describeData(summary)}.`));
}

function* counted(episodes: Iterable<TextEpisode>, tally: Tally): Generator<TextEpisode> {
  for (const episode of episodes) {
    tally.add(episode);
    yield episode;
  }
}

/** @throws UsageError for an environment without texts. */
async function textTask(task: string, given: readonly string[]): Promise<TextDefinition> {
  const module = isModule(task) ? task : undefined;
  const definition = await resolveAnyEnvironment({ id: task, module, options: optionsOf(given) });
  if (isText(definition)) return definition;
  throw new UsageError(`${definition.id} has no texts: name a text environment, such as text/walks.`);
}

/** The values of `name=value` texts: numbers, true and false as such, all else as a text. */
function optionsOf(given: readonly string[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
      if (name === undefined)
        throw new UsageError(`--option ${text}: write it as name=value, as in words=60.`);
      if (value === 'true' || value === 'false') return [name, value === 'true'];
      return [name, value!.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value!];
    }),
  );
}
