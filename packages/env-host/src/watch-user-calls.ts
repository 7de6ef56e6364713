import { running, userFrame } from '@qfleet/envs';
import { type Stall, Watchdog } from '@qfleet/watchdog';

/** After so long without returning, a call of a user's code is named. */
const STALL_MS = 8_000;

/**
 * Names a call of a user's code that does not return: a step in an endless loop, a module that waits for ever. It is not
 * ended: some simulators take their time. Watching begins with the first such call.
 *
 * @param tell is called in the midst of what does not return, with one sentence: what it schedules may never run.
 */
export function watchUserCalls(tell: (sentence: string) => void): void {
  let watchdog: Watchdog | null = null;
  running.watch = {
    at: (slot, episode, step) => {
      watchdog ??= start(tell);
      watchdog.at(slot, episode, step);
    },
    left: () => watchdog?.left(),
  };
}

const start = (tell: (sentence: string) => void): Watchdog =>
  Watchdog.start({
    stallMs: STALL_MS,
    // Said where code of another language holds the thread up.
    sentence:
      'The environment, slot {slot}, episode {episode}, step {step}: it has not returned for {seconds} s.',
    onStall: (stall) => tell(sentenceOf(stall)),
    endsUnheard: false,
  });

function sentenceOf({ stack, slot, episode, step }: Stall): string {
  const { call, environment } = running;
  const frame = userFrame({ stack });
  const what =
    call === 'load'
      ? `Environment module ${environment}: it has not loaded`
      : `Environment ${environment}, slot ${slot}, episode ${episode}, step ${step}: ${call} has not returned`;
  return `${what} for ${STALL_MS / 1000} s${frame === null ? '' : ` (${frame})`}.`;
}
