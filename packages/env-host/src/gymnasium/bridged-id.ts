/** What an id begins with that Gymnasium plays, whatever is native. */
const PREFIX = 'gym:';
/** The namespace of Atari's games, which only Gymnasium has. */
const ATARI = 'ALE/';

/** Whether an environment of this id is played by Gymnasium: `gym:ID`, or an id of Atari's, as `ALE/Pong-v5`. */
export const isBridged = (id: string): boolean => id.startsWith(PREFIX) || id.startsWith(ATARI);

/** The id as Gymnasium has it. */
export const gymnasiumId = (id: string): string => (id.startsWith(PREFIX) ? id.slice(PREFIX.length) : id);

/** Whether the id is of one of Atari's games. */
export const isAtari = (id: string): boolean => gymnasiumId(id).startsWith(ATARI);

/**
 * Whether Python imports a package that this id names, other than Gymnasium and ale-py: `gym:module:ID`, `gym:package/ID`, or one of
 * the ids by which Gymnasium plays an environment of the older gym that an option names.
 */
export function importsPackage(id: string): boolean {
  if (!isBridged(id)) return false;
  const name = gymnasiumId(id);
  return name.includes(':') || (name.includes('/') && !isAtari(id)) || name.startsWith('GymV');
}
