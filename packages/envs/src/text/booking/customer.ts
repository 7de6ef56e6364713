import type { Random } from '@qfleet/random';
import { pick, shuffled } from '../draw.ts';
import type { TextStep } from '../text-environment.ts';
import {
  ANSWERS,
  ANY,
  BESIDE,
  BESIDE_TRAIN,
  CHANGES,
  FAREWELLS,
  GRUMBLES,
  LEAVING,
  OPENINGS,
  RIGHT,
  SIDESTEP,
  SIDEWAYS,
  THINGS,
  UNCLEAR,
  WAITING,
  WRONG,
} from './customer-phrases.ts';
import { drawGoal, drawValue, type Goal, SLOTS_OF, type Slot, type Values } from './goal.ts';
import { misspell } from './misspell.ts';
import type { Customers } from './names.ts';
import { say, type Template } from './templates.ts';
import { understand } from './understand.ts';

/** The chances of what a customer does. */
const CHANGES_MIND = 0.2;
const SIDEWAYS_CHANCE = 0.15;
const ADDS = 0.25;
const MISSPELLS = 0.15;

/** Turns that a customer's patience lasts at least, and how many more it may. */
const LEAST_PATIENCE = 9;
const MORE_PATIENCE = 5;
/** His mood at the beginning is 1 to 3; below 0 it is bad. */
const MOODS = 3;

/** The rewards of a dialogue; what is below 0 is a cost. */
const REWARDS = { turn: -1, booked: 10, farewell: 1, left: -5 } as const;

type Answer = Pick<TextStep, 'text' | 'reward' | 'terminated'>;

/** An answer after which the dialogue goes on. */
const says = (text: string, reward: number = REWARDS.turn): Answer => ({ text, reward, terminated: false });

/** A simulated customer: an agenda of what he wants to tell, a mood, and patience (Schatzmann et al., 2007). */
export class Customer {
  readonly #customers: Customers;
  readonly #random: Random;
  #goal: Goal = { kind: 'table', values: {} };
  /** Slots of the goal that he has told. */
  #told = new Set<Slot>();
  /** Slots that were asked for and answered. */
  #answered = new Set<Slot>();
  #mood = 0;
  #patience = 0;
  #booked = false;
  /**
   * The turn from which on he changes his mind, once he has told something, and at the latest when all is booked; infinity: he
   * does not.
   */
  #changesAt = 0;
  #turn = 0;

  constructor(customers: Customers, random: Random) {
    this.#customers = customers;
    this.#random = random;
  }

  begin(): string {
    const random = this.#random;
    this.#goal = drawGoal(this.#customers, random);
    this.#told = new Set();
    this.#answered = new Set();
    this.#mood = 1 + random.integer(MOODS);
    this.#patience = LEAST_PATIENCE + random.integer(MORE_PATIENCE);
    this.#booked = false;
    this.#changesAt = random.uniform() < CHANGES_MIND ? 1 + random.integer(3) : Number.POSITIVE_INFINITY;
    this.#turn = 0;
    const first = shuffled(Object.keys(this.#goal.values) as Slot[], random).slice(0, random.integer(3));
    const thing = this.#say([THINGS[this.#goal.kind]], {});
    return this.#spelt(this.#say(OPENINGS, { thing, told: this.#tell(first) }));
  }

  /** Hears an utterance and answers. */
  hear(utterance: string): Answer {
    this.#turn++;
    this.#patience--;
    const { act, rude } = understand(utterance);
    let grumble = '';
    if (rude) {
      this.#mood -= 2;
      grumble = this.#say(GRUMBLES.slice(2), {});
    }
    if (act.act === 'goodbye') return this.#farewell();
    const repeats = act.act === 'ask' && this.#answered.has(act.slot);
    if (repeats || act.act === 'wait' || act.act === 'unclear') this.#mood--;
    if (act.act === 'wait') this.#patience--;
    if (repeats) grumble ||= this.#say(GRUMBLES.slice(0, 1), {});
    const answer = this.#answer(act);
    if (this.#mood < 0) this.#patience--;
    if (this.#patience <= 0) return this.#leave(answer.reward);
    return { ...answer, text: this.#spelt(grumble + answer.text) };
  }

  #answer(act: ReturnType<typeof understand>['act']): Answer {
    if (act.act === 'book') return this.#judge(act.kind, act.values);
    if (this.#booked) return says(this.#say(RIGHT, {}));
    if (this.#turn >= this.#changesAt && this.#told.size > 0) return says(this.#change());
    if (act.act === 'wait') return says(this.#say(WAITING, {}));
    if (act.act === 'ask') return says(this.#inform(act.slot));
    return says(this.#say(UNCLEAR, {}));
  }

  /** Answers a question, or does not. */
  #inform(slot: Slot): string {
    const random = this.#random;
    if (random.uniform() < SIDEWAYS_CHANCE) {
      const [other] = this.#untold().filter((each) => each !== slot);
      return other !== undefined && random.uniform() < 0.5
        ? this.#say([SIDESTEP], { told: this.#tell([other]) })
        : this.#say(SIDEWAYS, {});
    }
    this.#answered.add(slot);
    const value = this.#goal.values[slot];
    if (value === undefined) return this.#say(ANY, {});
    const answer = this.#say(ANSWERS[slot], { value });
    this.#told.add(slot);
    const [other] = this.#untold();
    if (other === undefined || random.uniform() >= ADDS) return answer;
    return `${answer} and it should be${this.#tell([other])}.`;
  }

  /** Another value for something that he has told. */
  #change(): string {
    this.#changesAt = Number.POSITIVE_INFINITY;
    const told = this.#told.size > 0 ? [...this.#told] : (Object.keys(this.#goal.values) as Slot[]);
    const slot = pick(told, this.#random);
    let value = this.#goal.values[slot];
    while (value === this.#goal.values[slot]) {
      value = drawValue(slot, this.#goal.kind, this.#customers, this.#random);
    }
    this.#goal = { kind: this.#goal.kind, values: { ...this.#goal.values, [slot]: value } };
    return this.#say(CHANGES, { told: this.#tell([slot]).trim() });
  }

  #judge(kind: Goal['kind'], values: Values): Answer {
    const wrong = (Object.keys(this.#goal.values) as Slot[]).filter(
      (slot) => values[slot] !== this.#goal.values[slot],
    );
    if (kind === this.#goal.kind && wrong.length === 0) {
      if (Number.isFinite(this.#changesAt)) return says(this.#change());
      const reward = REWARDS.turn + (this.#booked ? 0 : REWARDS.booked);
      this.#booked = true;
      // Whoever has just got what he wants stays for a farewell.
      this.#patience = Math.max(this.#patience, 2);
      return says(this.#say(RIGHT, {}), reward);
    }
    this.#mood--;
    this.#patience--;
    if (wrong.length === 0) return says(`no, i want ${this.#say([THINGS[this.#goal.kind]], {})}.`);
    const told = this.#tell([pick(wrong, this.#random)]);
    return says(this.#say(WRONG, { told }));
  }

  #farewell(): Answer {
    const isGood = this.#booked && this.#mood >= 0;
    const text = this.#spelt(this.#say(FAREWELLS[isGood ? 'good' : 'bad'], {}));
    return { text, reward: REWARDS.turn + (isGood ? REWARDS.farewell : -REWARDS.farewell), terminated: true };
  }

  #leave(reward: number): Answer {
    return { text: this.#say(LEAVING, {}), reward: reward + REWARDS.left, terminated: true };
  }

  /** Slots of the goal that he has not told, in the order in which they are usually told. */
  #untold(): Slot[] {
    return SLOTS_OF[this.#goal.kind].filter(
      (slot) => this.#goal.values[slot] !== undefined && !this.#told.has(slot),
    );
  }

  /** Slots and their values, one after the other. */
  #tell(slots: readonly Slot[]): string {
    return slots
      .map((slot) => {
        this.#told.add(slot);
        const template = slot === 'venue' && this.#goal.kind === 'train' ? BESIDE_TRAIN : BESIDE[slot];
        return this.#say([template], { value: this.#goal.values[slot]! });
      })
      .join('');
  }

  #say(templates: readonly Template[], values: Readonly<Record<string, string>>): string {
    return say(pick(templates, this.#random), values, this.#random);
  }

  #spelt(text: string): string {
    return this.#random.uniform() < MISSPELLS ? misspell(text, this.#random) : text;
  }
}
