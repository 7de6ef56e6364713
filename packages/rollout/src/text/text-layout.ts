import type { TextDefinition } from '@qfleet/envs';
import { type Layout, tokenLayout } from '@qfleet/replay';

/** What the chunks of an environment that speaks hold. */
export const textLayout = ({ tokenizer, context, history }: TextDefinition): Layout =>
  tokenLayout({ vocabulary: tokenizer.size, context, history, tokenizer: tokenizer.fingerprint });
