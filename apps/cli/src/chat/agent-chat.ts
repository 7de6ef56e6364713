import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline';
import { type Decoding, type JudgedToken, verdictOf } from '@qfleet/agents';
import { speaks } from '@qfleet/config';
import { GrowingText, nameToken, type Tokenizer } from '@qfleet/envs';
import { checkpointOf } from '@qfleet/policy';
import { Random } from '@qfleet/random';
import { RunDirectory } from '@qfleet/report';
import { openTextTask } from '@qfleet/rollout';
import { CommandError, UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { print, printPart, style, table } from '../terminal/output.ts';
import { withModule } from '../train/revision.ts';
import { checkWeights } from '../train/warm-start.ts';
import { checkTrust, trustOption } from '../trust.ts';
import { AgentDialogue } from './agent-dialogue.ts';

/** The options of `qfleet chat RUN_DIR`. */
export interface AgentChatOptions {
  readonly decode?: Decoding;
  readonly values?: true;
  readonly seed?: number;
  readonly env?: string;
  readonly trust?: true;
}

const PROMPT = '> ';
/** Lines that are no texts of the environment. */
const COMMANDS = { again: '/new', values: '/values' };

/** A dialogue with the agent of a run: each line of stdin is a text of the environment, which the agent answers. */
export async function chatWithAgent(path: string, options: AgentChatOptions): Promise<void> {
  const directory = RunDirectory.open(path);
  checkTrust(directory, options.trust === true || options.env !== undefined);
  const config = withModule(directory.config, options.env);
  if (!speaks(config))
    throw new UsageError(
      `The agent of ${path} takes actions and does not speak: ${suggest('watch', path)} shows it.`,
    );
  if (options.values && config.agent.objective.kind === 'sft')
    throw new UsageError(
      `${path} learned the language model alone (sft), without values: leave --values out.`,
    );
  const warn = (sentence: string) => process.stderr.write(`${sentence}\n`);
  const checkpoint = await checkpointOf(directory, { warn });
  if (checkpoint === null)
    throw new CommandError(
      `${path} has no checkpoint yet; to train on: ${suggest('resume', path, ...trustOption(directory))}`,
    );
  await checkWeights(checkpoint, config, path);
  const { definition } = await openTextTask(config);
  const { decode = config.agent.decode, seed = randomInt(2 ** 32) } = options;
  const { parameters } = checkpoint;
  const dialogue = new AgentDialogue({
    ...{ config, definition, parameters, decode, random: new Random(seed) },
  });
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const prompt = () => (isTerminal ? printPart(PROMPT) : Promise.resolve());
  if (isTerminal)
    await print(
      `Say what ${definition.id} would say. ${COMMANDS.again} begins anew, ${COMMANDS.values} shows the values of the last answer.`,
    );
  let last: JudgedToken[] = [];
  await prompt();
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === COMMANDS.again) {
      dialogue.restart();
      last = [];
    } else if (line === COMMANDS.values) await print(valuesTable(last, definition.tokenizer));
    else if (line !== '') last = await answer(dialogue, line, definition.tokenizer, options.values === true);
    await prompt();
  }
  if (isTerminal) await printPart('\n');
}

/** Prints an answer as it is said. @returns its tokens. */
async function answer(
  dialogue: AgentDialogue,
  line: string,
  tokenizer: Tokenizer,
  coloured: boolean,
): Promise<JudgedToken[]> {
  const said: JudgedToken[] = [];
  try {
    const text = new GrowingText(tokenizer);
    for (const each of dialogue.answer(line)) {
      said.push(each);
      const part = text.add(each.token);
      if (part !== '') await printPart(coloured ? style(colourOf(each), part) : part);
    }
    await printPart('\n');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    process.stderr.write(`(${error.message})\n`);
  }
  return said;
}

/** Green for a token that is better than the text was, red for a worse one. */
function colourOf(token: JudgedToken): 'green' | 'red' | 'white' {
  return ({ better: 'green', worse: 'red', neither: 'white' } as const)[verdictOf(token)];
}

/** A row for each token: Q, V, the advantage, and the likeliest others. */
function valuesTable(said: readonly JudgedToken[], tokenizer: Tokenizer): string {
  if (said.length === 0) return 'Nothing was said yet.';
  const number = (value: number | null): string => (value === null ? '–' : value.toFixed(3));
  const name = (token: number): string => nameToken(tokenizer, token);
  const rows = said.map(({ token, q, v, advantage, others }) => [
    ...[name(token), number(q), number(v), number(advantage)],
    others.map((each) => `${name(each.token)} ${number(each.q)}`).join('  '),
  ]);
  return table([['token', 'Q', 'V', 'Q − V', 'likeliest others, and their Q'], ...rows], [1, 2, 3]);
}
