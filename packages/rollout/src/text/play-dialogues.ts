import { setImmediate } from 'node:timers/promises';
import type { GreedyEpisodes } from '../greedy.ts';
import type { DialogueSlot } from './dialogue-slot.ts';
import { beginDialogue, type SeededDialogues } from './seeded-dialogue.ts';
import { SpokenMap } from './voices.ts';

export interface DialoguesOptions extends SeededDialogues {
  readonly episodes: number;
  /** Dialogues side by side, at most as many as the voices have slots. */
  readonly parallel: number;
  /** Asked between tokens; true: stop, and return the episodes that are done. */
  readonly cancelled?: () => boolean;
}

/** What episodes of dialogue came to. */
export interface Dialogues extends Omit<GreedyEpisodes, 'info' | 'cutShort'> {
  /** Utterances that were cut at their longest. */
  readonly cutUtterances: number;
}

/** Utterances after which an episode is cut where the environment has no limit of its own. */
const MOST_TURNS = 10_000;
/** Milliseconds between two turns of the event loop. */
const TURN_MS = 20;

/**
 * Plays episodes of dialogue. Each is seeded by its number, and begins at the definition's starts one after the other, so that
 * returns do not depend on how many are played side by side.
 *
 * @returns returns and lengths, in the agent's tokens, in the order of the episodes.
 * @throws EnvironmentError
 */
export async function playDialogues(options: DialoguesOptions): Promise<Dialogues> {
  const { voices, episodes, parallel, cancelled = () => false } = options;
  const returns = new Float64Array(episodes);
  const lengths = new Float64Array(episodes);
  const turns = new Int32Array(episodes);
  const finished = new Set<number>();
  const playing = new Map<number, DialogueSlot>();
  let [next, cutUtterances, turnedAt] = [0, 0, performance.now()];
  const fill = () => {
    for (; next < episodes && playing.size < parallel; next++) {
      playing.set(next, beginDialogue(options, next).slot);
    }
  };
  try {
    fill();
    while (playing.size > 0 && !cancelled()) {
      const speaking = new SpokenMap(
        [...playing].map(([episode, slot]) => [slot.spoken!, { episode, slot }]),
      );
      voices.step((spoken, token) => {
        const { episode, slot } = speaking.get(spoken);
        lengths[episode]++;
        const exchange = slot.take(token);
        if (exchange === null) return;
        returns[episode] += exchange.reward;
        cutUtterances += Number(exchange.isCut);
        if (exchange.end === 'continues' && ++turns[episode] < MOST_TURNS) return;
        finished.add(episode);
        playing.delete(episode);
        slot.close();
      });
      fill();
      if (performance.now() - turnedAt < TURN_MS) continue;
      await setImmediate();
      turnedAt = performance.now();
    }
  } finally {
    for (const slot of playing.values()) slot.close();
  }
  const isFinished = (_: number, episode: number): boolean => finished.has(episode);
  return {
    returns: [...returns].filter(isFinished),
    lengths: [...lengths].filter(isFinished),
    cutUtterances,
  };
}
