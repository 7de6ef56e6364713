import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { DqnConfig, PqnConfig } from '@qfleet/config';
import type { StateSpec } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import { networkInference } from '../network-inference.ts';
import { type SharedMemory, SharedRows } from './shared-rows.ts';

/** What the thread is started with. */
export interface HelperData {
  readonly config: DqnConfig | PqnConfig;
  readonly spec: StateSpec;
  readonly memory: SharedMemory;
}

// A thread: it values rows that `HelpedInference` asks for, by the parameters that came last. Between calls it waits, so
// messages are taken when a call has come.
const { config, spec, memory } = workerData as HelperData;
const shared = new SharedRows(spec, 0, memory);
try {
  const inference = await networkInference(config, spec);
  parentPort!.postMessage('ready');
  for (;;) {
    const count = shared.asked();
    for (let next = received(); next !== undefined; next = received()) inference.load(next);
    inference.run({ count, states: shared.states }, shared.values);
    shared.answer();
  }
} catch (error) {
  shared.fail();
  throw error;
}

function received(): NamedTensors | undefined {
  return receiveMessageOnPort(parentPort!)?.message as NamedTensors | undefined;
}
