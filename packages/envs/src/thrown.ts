/** Characters of what was thrown that a sentence repeats at most. */
const MOST_CHARACTERS = 500;

/**
 * What a user's code threw, for the end of a sentence: its message, the line of the user's code, and what caused it.
 * Whatever can be thrown is told: texts and null as well.
 */
export function thrownText(thrown: unknown): string {
  const message = messageOf(thrown);
  const place = userFrame(thrown);
  const cause = isObject(thrown) && thrown['cause'] !== undefined ? messageOf(thrown['cause']) : '';
  return (
    message +
    (place === null ? '' : ` (${place})`) +
    // Some errors repeat what caused them.
    (message.includes(cause) ? '' : `, caused by: ${cause}`)
  );
}

/**
 * Where in the user's code an error arose, as `file:line`: the innermost frame that is neither Node's nor Qfleet's, and
 * that of a package only where there is no other. Null: there is none, or it is no error.
 */
export function userFrame(thrown: unknown): string | null {
  const stack = isObject(thrown) ? thrown['stack'] : null;
  if (typeof stack !== 'string') return null;
  let ofPackage: string | null = null;
  for (const line of stack.split('\n')) {
    const frame = frameOf(line);
    if (frame === null || isOwn(frame.file)) continue;
    const { file } = frame;
    const place = `${shortPath(file)}:${frame.line}`;
    if (!file.includes('/node_modules/')) return place;
    ofPackage ??= place;
  }
  return ofPackage;
}

/** The file and line of a line of a stack; null: it names none, or one of Node's. */
function frameOf(text: string): { file: string; line: string } | null {
  const frame = /^\s+at (?:.*\()?(?:file:\/\/)?(\/[^()]+):(\d+):\d+\)?$/.exec(text);
  return frame && { file: decodeURIComponent(frame[1].replace(/\?.*$/, '')), line: frame[2] };
}

/** Whether a line of a stack is of Qfleet's own code. */
export function isOwnFrame(text: string): boolean {
  const frame = frameOf(text);
  return frame !== null && isOwn(frame.file);
}

/** Whether a file is Qfleet's: of the source or build of a package or app beside this one, or all in one folder where it is installed. */
function isOwn(file: string): boolean {
  const folder = decodeURIComponent(new URL('./', import.meta.url).pathname);
  if (!/\/packages\/envs\/(src|dist)\/$/.test(folder)) return file.startsWith(folder);
  const root = decodeURIComponent(new URL('../../../', import.meta.url).pathname);
  return file.startsWith(root) && /^(packages|apps)\/[^/]+\/(src|dist)\//.test(file.slice(root.length));
}

/** A path as it is said: relative where it lies below the working directory. */
export function shortPath(file: string): string {
  const from = `${globalThis.process?.cwd() ?? ''}/`;
  return file.startsWith(from) ? file.slice(from.length) : file;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** A message in one line, without the full stop that ends it. */
function messageOf(thrown: unknown): string {
  const text = textOf(thrown).trim().replaceAll(/\s+/g, ' ').replace(/\.$/, '');
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)} …` : text;
}

function textOf(thrown: unknown): string {
  if (!isObject(thrown)) return typeof thrown === 'function' ? 'a function was thrown' : String(thrown);
  const { message, name } = thrown;
  if (typeof message === 'string') return message || `${String(name)} without a message`;
  try {
    return `an object was thrown: ${JSON.stringify(thrown)}`;
  } catch {
    return 'an object was thrown';
  }
}
