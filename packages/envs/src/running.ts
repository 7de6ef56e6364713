/** What can be called of a user's environment; `load` is its module, as it is imported. */
export type UserCall =
  | 'load'
  | 'create'
  | 'reset'
  | 'step'
  | 'mask'
  | 'legal'
  | 'setState'
  | 'close'
  | 'data';

/** A listener that is told of each of a user's calls, at the cost of a few stores, to notice one that does not return. */
export interface UserCallWatch {
  at(slot: number, episode: number, step: number): void;
  left(): void;
}

/** The user's call that runs now. One object is reused for all: a process makes one user's call at a time. */
export const running: {
  /** Null: none. */
  call: UserCall | null;
  /** The id; while its module loads, the module's path. */
  environment: string;
  slot: number;
  episode: number;
  step: number;
  watch: UserCallWatch | null;
} = { call: null, environment: '', slot: 0, episode: 0, step: 0, watch: null };

/** A user's call begins. */
export function enterUserCode(
  call: UserCall,
  environment: string,
  slot: number,
  episode: number,
  step: number,
): void {
  running.call = call;
  running.environment = environment;
  running.slot = slot;
  running.episode = episode;
  running.step = step;
  running.watch?.at(slot, episode, step);
}

export function leaveUserCode(): void {
  running.call = null;
  running.watch?.left();
}
