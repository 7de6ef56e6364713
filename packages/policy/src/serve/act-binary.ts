import { observationArrays, stateSize } from '@qfleet/spaces';
import type { LoadedPolicy } from '../loaded-policy.ts';
import { InputError } from '../read-numbers.ts';
import type { Trained } from '../trained.ts';

/**
 * Answers states as bytes: their numbers in the dtype in which they are stored, little-endian, one state after another, and of a policy
 * with masks then a byte for each action of each state. The answer is an int32 for each state, its action, and then Q(s, a) of
 * each action, float32 [rows, actions].
 *
 * @throws InputError where the bytes are no whole states; of a policy that remembers.
 */
export function actOnBytes(policy: LoadedPolicy, layout: Trained['layout'], body: Buffer) {
  if (policy.remembers)
    throw new InputError('This policy remembers what it saw: ask in JSON, with a session or a memory.');
  const { actions, dtype, masked = false } = layout;
  const type = observationArrays[dtype];
  const stateBytes = stateSize(layout) * type.BYTES_PER_ELEMENT;
  const rowBytes = stateBytes + (masked ? actions : 0);
  const rows = body.length / rowBytes;
  if (rows === 0 || !Number.isInteger(rows)) {
    throw new InputError(
      `The body must have ${rowBytes} bytes for each state (${stateSize(layout)} ${dtype}${masked ? ` and ${actions} of a mask` : ''}), ` +
        `and it has ${body.length}.`,
    );
  }
  // A copy, aligned.
  const states = new type(new Uint8Array(body.subarray(0, rows * stateBytes)).buffer);
  const masks = masked ? { masks: new Uint8Array(body.subarray(rows * stateBytes)) } : {};
  const decisions = policy.actBatch(states, masks);
  const answer = Buffer.concat([bytesOf(decisions.actions), bytesOf(decisions.values)]);
  return { answer, states: rows };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array | Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
