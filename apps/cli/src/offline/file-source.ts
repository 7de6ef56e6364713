import { resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { LAYOUT_KEY, writtenLayout, writtenTask } from '../replay/metadata.ts';
import { openParquet } from '../replay/parquet-file.ts';
import { chunksOf } from '../replay/read-file.ts';
import { needlessColumns } from './differences.ts';
import type { OfflineSource } from './source.ts';
import { checkFits } from './target.ts';

/** A Parquet file that `qfleet replay export` wrote, or another program with its columns. */
export const fileSource = (file: string): OfflineSource => ({
  async open(target, use) {
    const source = await openParquet(file);
    const { layout } = target;
    // A file that does not say what it holds is told by its columns and rows.
    const written = writtenLayout(source.metadata) ?? layout;
    let ignored: ReadonlySet<string>;
    try {
      checkFits(file, writtenTask(source.metadata), written, target);
      ignored = needlessColumns(written, layout);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`${file} says of its layout what can't be read (${LAYOUT_KEY} in its metadata).`);
    }
    const chunks = chunksOf(source, { file, layout, ignored, consequence: 'nothing was learned' });
    const transitions = source.metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
    return use({ path: resolve(file), transitions, chunks });
  },
});
