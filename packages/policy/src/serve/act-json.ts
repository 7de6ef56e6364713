import type { Memory } from '@qfleet/spaces';
import { identifier } from '../describe.ts';
import type { Decisions, LoadedPolicy } from '../loaded-policy.ts';
import { InputError, type Numbers, readNumbers } from '../read-numbers.ts';
import type { Sessions } from './sessions.ts';

/** The fields of a request for one state, or the next observation of a session. */
const ONE = ['observation', 'mask', 'session', 'reset', 'memory'];
/** The fields of a request for several states. */
const SEVERAL = ['observations', 'masks', 'memory'];

/** The answer to a request, as JSON has it; NaN and infinities, which JSON has not, do not come from a finite network. */
type Answer = Readonly<Record<string, unknown>>;

/** An answer, and of how many states. */
export interface Answered {
  readonly answer: Answer;
  readonly states: number;
}

/**
 * Answers a request `{ observation, mask?, session?, reset?, memory? }` by `{ action, values, memory? }`, and
 * `{ observations, masks?, memory? }` by `{ actions, values, memory? }`.
 *
 * @throws InputError
 */
export function actOnJson(policy: LoadedPolicy, sessions: Sessions, body: unknown): Answered {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new InputError('The body must be a JSON object with the field observation, or observations.');
  }
  const fields = body as Readonly<Record<string, unknown>>;
  const known = 'observations' in fields ? SEVERAL : ONE;
  const unknown = Object.keys(fields).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new InputError(
      `There is no field ${JSON.stringify(unknown.slice(0, 64))} here: there are ${known.join(', ')}.`,
    );
  }
  if ('observations' in fields) return actOnSeveral(policy, fields);
  if (!('observation' in fields))
    throw new InputError('The body lacks the field observation, or observations.');
  return 'session' in fields ? actInSession(policy, sessions, fields) : actOnOne(policy, fields);
}

function actInSession(
  policy: LoadedPolicy,
  sessions: Sessions,
  fields: Readonly<Record<string, unknown>>,
): Answered {
  const { observation, mask, session, reset = false, memory } = fields;
  if (typeof session !== 'string' || session === '' || session.length > 128) {
    throw new InputError('The field session must be a text of 1 to 128 characters.');
  }
  if (typeof reset !== 'boolean') throw new InputError('The field reset must be true or false.');
  if (memory !== undefined)
    throw new InputError('A session has its own memory: leave the field memory out, or session.');
  const episode = sessions.episode(session, policy);
  if (reset) episode.reset();
  const { action, values } = episode.decide(observation as Numbers, mask as Numbers | undefined);
  return { answer: { action, values: [...values] }, states: 1 };
}

function actOnOne(policy: LoadedPolicy, fields: Readonly<Record<string, unknown>>): Answered {
  if ('reset' in fields)
    throw new InputError('The field reset is for sessions: give a session, or leave reset out.');
  const memory = memoryOf(policy, 1, fields['memory']);
  const options = { masks: fields['mask'] as Numbers | undefined, memory };
  const { actions, values } = policy.actBatch([fields['observation']] as Numbers[], options);
  if (actions.length !== 1)
    throw new InputError('The field observation has several states: take observations.');
  return {
    answer: { action: actions[0], values: [...values], ...remembered(policy, memory, null) },
    states: 1,
  };
}

function actOnSeveral(policy: LoadedPolicy, fields: Readonly<Record<string, unknown>>): Answered {
  const { observations, masks } = fields;
  if (!Array.isArray(observations) || observations.length === 0) {
    throw new InputError('The field observations must be a list of states, at least one.');
  }
  const count = observations.length;
  const memory = memoryOf(policy, count, fields['memory']);
  // Each is a list, also where it is one number, so that it counts as a state.
  const states = observations.map((each) => (Array.isArray(each) ? each : [each])) as Numbers[];
  const decisions = policy.actBatch(states, {
    masks: masks as Numbers | undefined,
    memory,
  });
  const actions = [...decisions.actions];
  return {
    answer: { actions, values: rowsOf(decisions, count), ...remembered(policy, memory, count) },
    states: count,
  };
}

function rowsOf({ values }: Decisions, count: number): number[][] {
  const width = values.length / count;
  return Array.from({ length: count }, (_, row) => [...values.subarray(row * width, (row + 1) * width)]);
}

/** What rows remember, as a request gives it; undefined for a policy that remembers nothing. */
function memoryOf(policy: LoadedPolicy, rows: number, given: unknown): Memory | undefined {
  if (!policy.remembers) {
    if (given === undefined) return undefined;
    throw new InputError('This policy remembers nothing: leave the field memory out.');
  }
  const memory = policy.memory(rows);
  if (given === undefined) return memory;
  const fields = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
  for (const [column, values] of Object.entries(memory.values)) {
    const name = identifier(column);
    const numbers = readNumbers(fields[name], `The field memory.${name}`);
    if (numbers.length !== values.length || Array.from(numbers).some((x) => !Number.isFinite(x))) {
      throw new InputError(
        `The field memory.${name} must have ${values.length} finite numbers, as an answer gave them.`,
      );
    }
    values.set(numbers);
  }
  return memory;
}

/** @param rows null: the memory of one state is not in a list. */
function remembered(policy: LoadedPolicy, memory: Memory | undefined, rows: number | null): Answer {
  if (!policy.remembers || memory === undefined) return {};
  const fields = Object.entries(memory.values).map(([column, values]) => {
    const width = values.length / (rows ?? 1);
    const each = Array.from({ length: rows ?? 1 }, (_, row) => [
      ...values.subarray(row * width, (row + 1) * width),
    ]);
    return [identifier(column), rows === null ? each[0] : each];
  });
  return { memory: Object.fromEntries(fields) };
}
