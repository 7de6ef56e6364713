import type { Argument, Command, Option } from 'commander';
import { type Completion, NOTHING, valuesOf } from './values.ts';

/** What the words before the cursor leave open. */
interface Place {
  readonly command: Command;
  /** The option whose value comes next; undefined: none is open. */
  readonly option: Option | undefined;
  /** Arguments that are given already. */
  readonly given: number;
  /** Options that are given already. */
  readonly used: ReadonlySet<Option>;
}

/**
 * What may stand at the end of a command line.
 *
 * @param words those before the cursor, without the name of the program.
 * @param word as far as the one at the cursor is written; '' where it is yet to begin.
 */
export async function complete(
  program: Command,
  words: readonly string[],
  word: string,
): Promise<Completion> {
  const place = placeAfter(program, words);
  const { command, option, given } = place;
  const completion =
    option !== undefined && !(option.variadic && word.startsWith('-'))
      ? await valuesOf(option, word)
      : word.startsWith('-')
        ? await options(place, word)
        : await argumentsOf(command, given, word);
  return {
    ...completion,
    candidates: completion.candidates.filter(({ word: each }) => each.startsWith(word)),
  };
}

function placeAfter(program: Command, words: readonly string[]): Place {
  let command = program;
  let option: Option | undefined;
  let given = 0;
  const used = new Set<Option>();
  for (const word of words) {
    if (word.startsWith('-') && word.length > 1) {
      const named = optionOf(command, word.split('=')[0]);
      if (named !== undefined) used.add(named);
      const isOpen = named !== undefined && takesValue(named) && !word.includes('=');
      option = isOpen ? named : undefined;
    } else if (option !== undefined) {
      if (!option.variadic) option = undefined;
    } else {
      const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
      if (next === undefined) given++;
      else command = next;
    }
  }
  return { command, option, given, used };
}

const takesValue = (option: Option): boolean => option.required || option.optional;

const optionOf = (command: Command, flag: string): Option | undefined =>
  command.options.find(({ long, short }) => flag === long || flag === short);

/** The options that may follow, or the values of one that is written as `--option=…`. */
async function options({ command, used }: Place, word: string): Promise<Completion> {
  const end = word.indexOf('=');
  if (end > 0) {
    const flag = word.slice(0, end);
    const option = optionOf(command, flag);
    if (option === undefined) return NOTHING;
    const { candidates } = await valuesOf(option, word.slice(end + 1));
    return {
      candidates: candidates.map((each) => ({ ...each, word: `${flag}=${each.word}` })),
      paths: 'none',
    };
  }
  const open = command.options.filter((option) => !used.has(option) || isRepeatable(option));
  const candidates = open.map(({ long, description }) => ({ word: `${long}`, meaning: description }));
  return {
    candidates: [...candidates, { word: '--help', meaning: 'what the command takes' }],
    paths: 'none',
  };
}

/** An option that collects its values says so by its parser. */
const isRepeatable = ({ parseArg, description }: Option): boolean =>
  parseArg !== undefined && description.includes('may be repeated');

async function argumentsOf(command: Command, given: number, word: string): Promise<Completion> {
  if (command.commands.length > 0) {
    const candidates = visible(command).map((each) => ({ word: each.name(), meaning: each.description() }));
    return { candidates, paths: 'none' };
  }
  const { registeredArguments: places } = command;
  const last = places.at(-1);
  const place: Argument | undefined = places[given] ?? (last?.variadic ? last : undefined);
  return place === undefined ? NOTHING : await valuesOf(place, word);
}

const visible = (command: Command): readonly Command[] => command.createHelp().visibleCommands(command);
