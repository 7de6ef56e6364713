/** What of this package runs without Node: an episode of dialogue, a token at a time. */
export type { DialogueSlot, Exchange } from './text/dialogue-slot.ts';
export { beginDialogue } from './text/seeded-dialogue.ts';
export { textLayout } from './text/text-layout.ts';
export { Voices } from './text/voices.ts';
