/**
 * The first key that an object of a JSON text has twice, or null: JSON.parse keeps the last of them without a word.
 *
 * @param json a text that JSON.parse takes.
 */
export function duplicateKey(json: string): string | null {
  /** The keys of each object that is open; null for an array. */
  const open: (Set<string> | null)[] = [];
  let text = '';
  for (let at = 0; at < json.length; at++) {
    switch (json[at]) {
      case '{':
        open.push(new Set());
        break;
      case '[':
        open.push(null);
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case '"': {
        const end = endOfString(json, at);
        text = json.slice(at, end);
        at = end - 1;
        break;
      }
      case ':': {
        // Two texts may spell one key, as "a" and "\u0061".
        const key = JSON.parse(text) as string;
        const keys = open.at(-1)!;
        if (keys!.has(key)) return key;
        keys!.add(key);
      }
    }
  }
  return null;
}

/** Where the string ends that begins with the quotation mark at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}
