import type { RunConfig } from '@qfleet/config';
import { type Layout, parseLayout } from '@qfleet/replay';
import type { FileMetaData } from 'hyparquet';

/** The key of a file's metadata that holds the layout of its observations, as JSON. */
export const LAYOUT_KEY = 'qfleet.layout';
/** The key of what was played for it, as JSON; files of other programs have none. */
export const TASK_KEY = 'qfleet.task';

/** What experience depends on, of an environment's configuration. A time limit only says where it ends. */
export const TASK = ['id', 'options', 'actionRepeat', 'stickyActions'] as const;

export type Task = Pick<RunConfig['environment'], (typeof TASK)[number]>;

/** The part of an environment's configuration that its experience depends on. */
export const taskOf = ({ id, options, actionRepeat, stickyActions }: RunConfig['environment']): Task => ({
  id,
  options,
  actionRepeat,
  stickyActions,
});

/** Short, and without what would do something on a terminal that shows it. */
const PRINTABLE = /^[^\p{C}\\]{0,4096}$/u;

/** What a file says of what was played for it; null: nothing that can be read. */
export function writtenTask(metadata: FileMetaData): Partial<Task> | null {
  const written = textOf(metadata, TASK_KEY) ?? 'null';
  if (!PRINTABLE.test(written)) return null;
  try {
    const task: unknown = JSON.parse(written);
    return typeof task === 'object' ? task : null;
  } catch {
    return null;
  }
}

/** The layout that a file says it has; undefined: it says none; null: one that can't be read. */
export function writtenLayout(metadata: FileMetaData): Layout | null | undefined {
  const written = textOf(metadata, LAYOUT_KEY);
  if (written === undefined) return undefined;
  try {
    return parseLayout(written);
  } catch {
    return null;
  }
}

const textOf = ({ key_value_metadata: pairs }: FileMetaData, key: string): string | undefined =>
  pairs?.find((pair) => pair.key === key)?.value;
