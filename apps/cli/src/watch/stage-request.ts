import type { StageRequest } from '@qfleet/browser';

/** A page's request of its stage; null: it is none. */
export function readStageRequest(kind: string, body: Buffer): StageRequest | null {
  const { stage, seed, episode, action } = fieldsOf(body);
  if (kind === 'step' && isCount(stage) && isCount(action)) return { kind, stage, action };
  const isOfStage = stage === null || isCount(stage);
  return kind === 'reset' && isOfStage && isCount(seed) && isCount(episode)
    ? { kind, stage, seed, episode }
    : null;
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;

/** The fields of a body that is JSON; of another one none. */
function fieldsOf(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(body.toString('utf8')) ?? {};
  } catch {
    return {};
  }
}
