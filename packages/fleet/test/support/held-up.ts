import { watchEventLoop } from '../../src/process/event-loop.ts';

/** A learner that turns for a while, longer than it may stand still, and then does stand still. */
watchEventLoop({ role: 'learner', stallSeconds: 1.5, healthFile: process.argv[2] });
setTimeout(function wait() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000);
}, 2_500);
