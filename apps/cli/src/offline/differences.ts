import { type ColumnSpec, describeLayout, type Layout, MASK } from '@qfleet/replay';

/** In what the spaces of recorded experience differ from a run's: the ends of sentences that begin with the experience. */
export function spaceDifferences(theirs: Layout, ours: Layout): string[] {
  const differences: string[] = [];
  const differ = (what: string, their: string, our: string): void => {
    if (their !== our) differences.push(`its ${what} are ${their}, here ${our}`);
  };
  if (theirs.tokens !== undefined || ours.tokens !== undefined) {
    differ('states', statesOf(theirs), statesOf(ours));
    return differences;
  }
  differ('observations', observationOf(theirs), observationOf(ours));
  differ('actions', `${theirs.actions}`, `${ours.actions}`);
  differ('masks of actions', maskOf(theirs), maskOf(ours));
  return differences;
}

/** The columns that a run's network needs and that recorded experience lacks, or has in another form. */
export const missingColumns = (theirs: Layout, ours: Layout): readonly ColumnSpec[] =>
  (ours.columns ?? []).filter((column) => !columnsOf(theirs).has(formOf(column)));

/** The names of the columns that recorded experience has, and that the run does not need, as a file has them. */
export const needlessColumns = (theirs: Layout, ours: Layout): ReadonlySet<string> =>
  new Set(
    (theirs.columns ?? [])
      .filter((column) => !columnsOf(ours).has(formOf(column)))
      .flatMap(({ name }) => [name, `next_${name}`]),
  );

/** A column in words, which are the same where it is. */
const formOf = ({ name, dtype, shape, cadence }: ColumnSpec): string =>
  `${name}, ${dtype}[${shape.join(',')}] a ${cadence}`;

const columnsOf = ({ columns = [] }: Layout): ReadonlySet<string> => new Set(columns.map(formOf));

function observationOf({ dtype, shape, parts }: Layout): string {
  const named = parts?.map((part) => `${part.name}${part.shape ? `[${part.shape}]` : ` of ${part.size}`}`);
  return `${dtype}[${shape.join(',')}]${named ? ` (${named.join(', ')})` : ''}`;
}

const statesOf = (layout: Layout): string =>
  layout.tokens === undefined ? `observations, ${observationOf(layout)}` : describeLayout(layout);

const maskOf = ({ columns = [] }: Layout): string =>
  columns.some(({ name }) => name === MASK) ? 'there' : 'not there';
