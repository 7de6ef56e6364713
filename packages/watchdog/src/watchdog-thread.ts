import { writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import { parentPort } from 'node:worker_threads';
import { WatchedPlace } from './watched-place.ts';

/** What the thread is asked for. */
export type WatchRequest =
  | {
      readonly kind: 'watch';
      readonly id: number;
      readonly memory: SharedArrayBuffer;
      readonly stallMs: number;
      readonly sentence: string;
      readonly endsUnheard: boolean;
    }
  | { readonly kind: 'leave'; readonly id: number }
  | ({ readonly kind: 'parent' } & Parenthood);

/** The process is killed once it has had another parent for `graceMs` milliseconds. */
interface Parenthood {
  readonly parent: number;
  readonly graceMs: number;
}

interface Watch {
  readonly id: number;
  readonly place: WatchedPlace;
  readonly stallMs: number;
  readonly sentence: string;
  readonly endsUnheard: boolean;
  /** What `place.moves` was at the last look. */
  moves: number;
  /** Milliseconds in which the thread did not move while this one was looking. */
  stillMs: number;
  told: boolean;
}

const LOOK_MS = 250;
const HEARING_MS = 2_000;

const watches = new Map<number, Watch>();
let parenthood: Parenthood | null = null;
let orphanedMs = 0;

// A program: the thread of `watchdog.ts`. It owes nothing to the event loop of the thread that it watches, so it writes
// to file descriptors, and calls into that thread as a debugger does.
parentPort!.on('message', (request: WatchRequest) => {
  if (request.kind === 'parent') {
    parenthood = request;
  } else if (request.kind === 'leave') {
    watches.delete(request.id);
  } else {
    const { id, memory, stallMs, sentence, endsUnheard } = request;
    const place = new WatchedPlace(memory);
    watches.set(id, {
      id,
      place,
      stallMs,
      sentence,
      endsUnheard,
      moves: place.moves,
      stillMs: 0,
      told: false,
    });
  }
});

let looked = performance.now();
setInterval(() => {
  const now = performance.now();
  // After a long pause this thread, too, stood still, and the other one could not move.
  const passed = Math.min(now - looked, 2 * LOOK_MS);
  looked = now;
  for (const watch of watches.values()) look(watch, passed);
  if (parenthood !== null && process.ppid !== parenthood.parent) {
    orphanedMs += passed;
    if (orphanedMs > parenthood.graceMs) process.kill(process.pid, 'SIGKILL');
  }
}, LOOK_MS);

function look(watch: Watch, passed: number): void {
  const { moves, inside } = watch.place;
  if (moves !== watch.moves || !inside) {
    watch.moves = moves;
    watch.stillMs = 0;
    watch.told = false;
    return;
  }
  watch.stillMs += passed;
  if (watch.told || watch.stillMs < watch.stallMs) return;
  watch.told = true;
  tell(watch);
}

function tell({ id, place, stallMs, sentence, endsUnheard, moves }: Watch): void {
  const values = { slot: place.slot, episode: place.episode, step: place.step, seconds: stallMs / 1000 };
  const filled = sentence.replaceAll(/\{(slot|episode|step|seconds)\}/g, (_, name: keyof typeof values) =>
    String(values[name]),
  );
  const session = new Session();
  session.connectToMainThread();
  const call = `globalThis[Symbol.for('qfleet.watchdog')].get(${id})?.(${JSON.stringify(filled)}, ${moves})`;
  session.post('Runtime.evaluate', { expression: call });
  // One that has moved on meanwhile need not hear it.
  if (!place.awaitHeard(HEARING_MS) && place.moves === moves && place.inside) {
    writeSync(2, `${filled}\n`);
    if (endsUnheard) process.kill(process.pid, 'SIGKILL');
  }
  session.disconnect();
  place.letGo();
}
