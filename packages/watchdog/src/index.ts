export { endWithParent } from './end-with-parent.ts';
export { endProcess, type Stall, Watchdog, type WatchdogOptions } from './watchdog.ts';
