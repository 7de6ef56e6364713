import { statSync, writeFileSync } from 'node:fs';
import { DialoguePlay } from '@qfleet/browser';
import { beginsWithModel, type TokenQRunConfig } from '@qfleet/config';
import { resolveAnyEnvironment } from '@qfleet/env-host';
import { isText } from '@qfleet/envs';
import type { NamedTensors } from '@qfleet/tensor';
import { heldOutSeed } from '@qfleet/training';
import { UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { bytes, counted, print, printJson, returned } from '../terminal/output.ts';
import { type DialoguePanel, dialogueSvg } from './dialogue-svg.ts';
import type { RecordOptions } from './options.ts';

/** What is recorded of a run whose agent speaks. */
interface DialogueRecording {
  /** The run's directory. */
  readonly path: string;
  readonly config: TokenQRunConfig;
  readonly parameters: NamedTensors;
  /** The .svg. */
  readonly out: string;
}

/**
 * Writes the first episodes of a seed as a picture: as the language model alone goes through them, and below as the agent does, each token
 * coloured by what it is worth. An agent without values has its own alone.
 */
export async function recordDialogue(
  { path, config, parameters, out }: DialogueRecording,
  options: RecordOptions,
): Promise<void> {
  if (beginsWithModel(config))
    throw new UsageError(
      `The agent of ${path} began with a given language model, and such dialogues are not recorded: ${suggest('chat', path)} shows one.`,
    );
  const definition = await resolveAnyEnvironment(config.environment);
  if (!isText(definition)) throw new UsageError(`Environment ${definition.id} does not speak.`);
  const { agent } = config;
  const seed = options.seed ?? heldOutSeed(config);
  let tokens = 0;
  const returns: number[] = [];
  /** @param beta of the values in what tokens are chosen by. */
  const panels = (says: string, beta: number): DialoguePanel[] => {
    const play = DialoguePlay.create({ ...config, agent: { ...agent, beta } }, definition);
    play.load(parameters);
    return Array.from({ length: options.episodes }, (_, episode) => {
      play.reset(seed, episode);
      for (let left = options.maxSteps; left > 0 && !play.isOver; left--, tokens++) play.step();
      returns.push(play.sum);
      return { title: `${says}: return ${returned(play.sum)}`, turns: play.turns };
    });
  };
  const hasValues = agent.objective.kind !== 'sft';
  const drawn = [
    ...panels('The language model alone', 0),
    ...(hasValues ? panels('The agent, by its values', agent.beta) : []),
  ];
  writeFileSync(
    out,
    dialogueSvg(drawn, `Dialogues of ${definition.id}: ${drawn.map(({ title }) => title).join('; ')}`),
  );
  const size = statSync(out).size;
  if (options.json) return printJson({ file: out, bytes: size, tokens, seed, returns });
  await print(
    `${out}: ${bytes(size)}, ${counted(drawn.length, 'dialogue')} of ${definition.id}, seed ${seed}, returns ${returns.map((each) => returned(each)).join(', ')}`,
  );
}
