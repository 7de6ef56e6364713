import type { Generation, GenerationOptions, NamedTensors } from '@qfleet/agents';

/** A text that goes on in a voice. */
export interface Spoken {
  readonly voice: Voice;
  readonly slot: number;
}

/** A decoder with the weights of one version, and the texts that go on by it. */
export class Voice {
  version = 0;
  readonly generation: Generation;
  /** Slots of its texts that are to go on. */
  readonly slots = new Set<number>();

  constructor(generation: Generation) {
    this.generation = generation;
  }
}

/**
 * Speaks with the newest weights, which a text takes up between two utterances. An utterance is ended by the weights that it was
 * begun with, so there are two decoders: newer weights wait until one of them speaks no more.
 */
export class Voices {
  readonly #create: (tensors: NamedTensors) => Generation;
  #current: Voice | null = null;
  #other: Voice | null = null;
  #next: { readonly tensors: NamedTensors; readonly version: number } | null = null;

  /** @param create makes a decoder of as many slots as there are texts at once. */
  constructor(create: (tensors: NamedTensors) => Generation) {
    this.#create = create;
  }

  /** Has utterances that begin from now on be spoken with these weights, or newer ones. */
  load(tensors: NamedTensors, version: number): void {
    this.#next = { tensors, version };
  }

  /** What an utterance that begins is spoken with. */
  newest(): Voice {
    const next = this.#next;
    if (next !== null && (this.#other === null || this.#other.slots.size === 0)) {
      const voice = this.#other ?? new Voice(this.#create(next.tensors));
      if (this.#other !== null) voice.generation.load(next.tensors);
      voice.version = next.version;
      this.#other = this.#current;
      this.#current = voice;
      this.#next = null;
    }
    if (this.#current === null) throw new Error('There are no weights to speak with: call load first.');
    return this.#current;
  }

  /** Begins a text, or one anew, in the newest voice. */
  join(prompt: ArrayLike<number>, options: GenerationOptions): Spoken {
    const voice = this.newest();
    const slot = voice.generation.join(prompt, options);
    voice.slots.add(slot);
    return { voice, slot };
  }

  leave({ voice, slot }: Spoken): void {
    voice.generation.leave(slot);
    voice.slots.delete(slot);
  }

  /** A token for each text that is read, one at least. @param take is given each, in the order of voices and slots. */
  step(take: (spoken: Spoken, token: number) => void): void {
    const voices = [this.#other, this.#current].filter((voice) => voice !== null);
    // All of them first: what a token leads to may join or leave.
    const tokens = voices.flatMap((voice) =>
      voice.slots.size === 0
        ? []
        : voice.generation.step(voice.slots).map(({ slot, token }) => ({ voice, slot, token })),
    );
    for (const { voice, slot, token } of tokens) take({ voice, slot }, token);
  }
}

/** What belongs to texts, by where they go on. */
export class SpokenMap<T> {
  readonly #byVoice = new Map<Voice, Map<number, T>>();

  constructor(entries: readonly (readonly [Spoken, T])[]) {
    for (const [{ voice, slot }, value] of entries) {
      const slots = this.#byVoice.get(voice) ?? new Map<number, T>();
      this.#byVoice.set(voice, slots.set(slot, value));
    }
  }

  get({ voice, slot }: Spoken): T {
    return this.#byVoice.get(voice)!.get(slot)!;
  }
}
