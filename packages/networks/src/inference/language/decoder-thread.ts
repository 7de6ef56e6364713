import { parentPort, workerData } from 'node:worker_threads';
import { type DecoderPlan, layOutDecoder } from './decoder-layout.ts';
import { decoderPhases } from './decoder-phases.ts';
import { WorkBoard } from './work-board.ts';

/** What a thread of a decoder is started with. */
export interface DecoderThreadData {
  readonly plan: DecoderPlan;
  readonly memory: WebAssembly.Memory;
  /** Its number, from 1 on. */
  readonly thread: number;
}

// A thread: it does pieces of the passes of a decoder.
const { plan, memory, thread } = workerData as DecoderThreadData;
const board = new WorkBoard(memory, layOutDecoder(plan).board);
const { all } = decoderPhases(plan, memory, thread);
parentPort!.unref();
for (;;) {
  board.await();
  board.work((phase, piece, pieces) => all[phase].run(piece, pieces));
}
