import { type FileMetaData, parquetSchema, type SchemaTree } from 'hyparquet';

/** What a column holds: `numbers` is a list of numbers; `bytes` one binary value, or such a list. */
export type ColumnKind = 'number' | 'truth' | 'text' | 'numbers' | 'bytes';

const NAMES: Record<ColumnKind, string> = {
  number: 'numbers',
  truth: 'booleans',
  text: 'texts',
  numbers: 'lists of numbers',
  bytes: 'binary values or lists of numbers',
};

/** The name under which pandas writes an index that has none; it says nothing of a transition. */
const PANDAS_INDEX = /^__index_level_\d+__$/;

/**
 * What is wrong with a file's columns, as the end of a sentence that begins with the file's name; null: nothing.
 * @param expected each column's name and kind
 * @param ignored columns that may be there too. Default: none.
 * @param maker the command that writes such files, and what their rows are.
 */
export function schemaProblem(
  metadata: FileMetaData,
  expected: ReadonlyMap<string, ColumnKind>,
  ignored: ReadonlySet<string> = new Set(),
  maker = { like: 'qfleet replay export', row: 'a transition' },
): string | null {
  const columns = parquetSchema(metadata).children.filter(
    ({ element: { name } }) => !PANDAS_INDEX.test(name) && !ignored.has(name),
  );
  const names = columns.map(({ element }) => element.name);
  const missing = [...expected.keys()].find((name) => !names.includes(name));
  const unknown = names.find((name) => !expected.has(name));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (missing !== undefined)
    return `has no column ${missing}${unknown === undefined ? '' : `, but one named ${unknown}`}: name its columns as ${maker.like} does`;
  if (unknown !== undefined)
    return `has a column ${unknown}, which is none of ${maker.row}'s: write the file without it`;
  if (twice !== undefined) return `has two columns ${twice}: write the file with one`;
  for (const column of columns) {
    const { name } = column.element;
    const kind = expected.get(name)!;
    if (!isOf(kind, column))
      return `has ${describeType(column)} in column ${name}, where ${NAMES[kind]} belong: cast the column, and write the file anew`;
  }
  return null;
}

function isOf(kind: ColumnKind, column: SchemaTree): boolean {
  switch (kind) {
    case 'number':
      return isNumber(column);
    case 'truth':
      return isPlain(column, 'BOOLEAN');
    case 'text':
      return isText(column);
    case 'numbers':
      return isListOfNumbers(column);
    case 'bytes':
      return isBytes(column) || isListOfNumbers(column);
  }
}

/** Without an annotation, which would give its values another meaning. */
function isPlain({ children, element }: SchemaTree, ...types: readonly string[]): boolean {
  const { type = '', converted_type, logical_type, repetition_type } = element;
  return (
    children.length === 0 &&
    repetition_type !== 'REPEATED' &&
    types.includes(type) &&
    converted_type === undefined &&
    logical_type === undefined
  );
}

function isNumber(column: SchemaTree): boolean {
  const { type = '', converted_type, logical_type, repetition_type } = column.element;
  if (isPlain(column, 'INT32', 'INT64', 'FLOAT', 'DOUBLE')) return true;
  if (column.children.length > 0 || repetition_type === 'REPEATED') return false;
  // NULL: a column of nulls alone, which its cells say.
  if (logical_type !== undefined) return ['INTEGER', 'FLOAT16', 'NULL'].includes(logical_type.type);
  return ['INT32', 'INT64'].includes(type) && /^U?INT_/.test(converted_type ?? '');
}

const isText = ({ children, element }: SchemaTree): boolean =>
  children.length === 0 &&
  element.repetition_type !== 'REPEATED' &&
  element.type === 'BYTE_ARRAY' &&
  (element.converted_type === 'UTF8' || element.logical_type?.type === 'STRING');

const isBytes = (column: SchemaTree): boolean => isPlain(column, 'BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY');

/** In the three levels of Parquet's LIST, whatever the inner two are called. */
function isListOfNumbers({ element, children }: SchemaTree): boolean {
  const [list] = children;
  return (
    element.converted_type === 'LIST' &&
    element.repetition_type !== 'REPEATED' &&
    children.length === 1 &&
    list.element.repetition_type === 'REPEATED' &&
    list.children.length === 1 &&
    isNumber(list.children[0])
  );
}

function describeType({ element, children }: SchemaTree): string {
  if (children.length > 0)
    return element.converted_type === 'LIST' ? 'lists of something else' : 'structures';
  const { logical_type, converted_type, type } = element;
  return logical_type?.type ?? converted_type ?? type ?? 'nothing';
}
