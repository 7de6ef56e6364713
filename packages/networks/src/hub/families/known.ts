import { type ConfigReader, listed } from '../config-reader.ts';
import { bert } from './bert.ts';
import type { Family } from './family.ts';
import { gptNeox } from './gpt-neox.ts';
import { gpt2 } from './gpt2.ts';
import { llama, qwen2 } from './llama.ts';

/** `model_type` of a configuration. */
export type ModelType = 'gpt2' | 'llama' | 'qwen2' | 'gpt_neox' | 'bert';

/** The families by `model_type` of their configurations. */
export const FAMILIES: Readonly<Record<ModelType, Family>> = { gpt2, llama, qwen2, gpt_neox: gptNeox, bert };

/** What a configuration says of what it describes. */
export interface Described {
  readonly type: ModelType;
  readonly family: Family;
  /** Whether it has a head; null: the configuration does not say. */
  readonly head: boolean | null;
}

/** @throws ModelError where the architecture is not known. */
export function familyOf(config: ConfigReader): Described {
  const architecture = config.texts('architectures')?.[0];
  const type = config.has('model_type') ? config.text('model_type') : typeOf(architecture);
  if (type === undefined) config.refuse('model_type', `is missing: known are ${listed(FAMILIES)}`);
  if (!isKnown(type)) config.refuse('model_type', `is '${type}': known are ${listed(FAMILIES)}`);
  const family = FAMILIES[type];
  if (architecture === undefined) return { type, family, head: null };
  if (!Object.hasOwn(family.architectures, architecture)) {
    const known = listed(family.architectures);
    config.refuse('architectures', `has '${architecture}': known of model_type ${type} are ${known}`);
  }
  return { type, family, head: family.architectures[architecture] };
}

const isKnown = (type: string): type is ModelType => Object.hasOwn(FAMILIES, type);

/** The `model_type` of an architecture that is known. */
function typeOf(architecture: string | undefined): string | undefined {
  if (architecture === undefined) return undefined;
  return Object.entries(FAMILIES).find(([, { architectures }]) =>
    Object.hasOwn(architectures, architecture),
  )?.[0];
}
