import type { RunConfig } from '@qfleet/config';
import type { Layout } from '@qfleet/replay';
import { UsageError } from '../errors.ts';
import { TASK, type Task } from '../replay/metadata.ts';
import { taskDifferences } from '../task-differences.ts';
import { missingColumns, spaceDifferences } from './differences.ts';

/** What recorded experience is to fit. */
export interface Target {
  readonly environment: RunConfig['environment'];
  readonly layout: Layout;
}

/**
 * Checks that recorded experience is of a run's task and spaces, and has what its network needs.
 *
 * @param where its name, which sentences begin with.
 * @param task what was played for it; null: it does not say.
 * @throws UsageError saying what differs.
 */
export function checkFits(where: string, task: Partial<Task> | null, layout: Layout, target: Target): void {
  const { environment } = target;
  const tasks = task === null ? [] : taskDifferences(TASK, task, environment);
  const spaces = spaceDifferences(layout, target.layout);
  if (spaces.length > 0) {
    const of = task?.id === undefined || task.id === environment.id ? '' : ` of ${task.id},`;
    throw new UsageError(
      `${where} holds experience${of} of other spaces than ${environment.id}: ${spaces.join('; ')}.`,
    );
  }
  if (tasks.length > 0) {
    throw new UsageError(
      `${where} holds experience of another task than this run's: ${tasks.join('; ')} (there and here).`,
    );
  }
  const [missing] = missingColumns(layout, target.layout);
  if (missing !== undefined) {
    throw new UsageError(
      `${where} does not hold ${missing.name}, which this network remembers (${missing.dtype}[${missing.shape}]): ` +
        'record it by a run with the same agent.network.core, or set agent.network.core.kind=none.',
    );
  }
}
