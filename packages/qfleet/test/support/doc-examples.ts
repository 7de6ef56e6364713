import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../../..', import.meta.url));

/** The doc comment of a declaration: what it says, and the program of its example; null: it has none. */
export interface Documented {
  readonly text: string;
  readonly example: string | null;
}

const DECLARATION =
  /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export (?:declare |abstract |async )*(?:function|class|const|interface|type) (\w+)\b(?! *[,}])/g;

/** What the doc comments of a package say of its exported declarations, by their names. */
function documentedOf(name: string): Map<string, Documented> {
  const found = new Map<string, Documented>();
  for (const file of globSync('src/**/*.ts', { cwd: join(packages, name) }).sort()) {
    const source = readFileSync(join(packages, name, file), 'utf8');
    for (const [, comment = '', declared] of source.matchAll(DECLARATION)) {
      const text = comment.replaceAll(/^ \* ?/gm, '').trim();
      const example = /@example\n([\s\S]*)$/.exec(text)?.[1] ?? null;
      // A package may declare a name twice; the public one is the one with an example.
      if (example !== null || !found.has(declared!)) found.set(declared!, { text, example });
    }
  }
  return found;
}

/** An export statement of an entry: what it names, and of which package of ours. */
const EXPORTS = /^export (type )?(\*|\{[^}]*\})(?: from '(?:@qfleet\/([\w-]+)|[^']+)')?;$/gm;

/**
 * The public names of an entry, in its order, with the doc comments of their declarations.
 *
 * @param name the package that the entry is of; `file` the entry's source.
 */
export function publicNames(name: string, file: string): Map<string, Documented & { isType: boolean }> {
  const entry = readFileSync(join(packages, name, file), 'utf8');
  const found = new Map<string, Documented & { isType: boolean }>();
  const own = documentedOf(name);
  for (const [, declared] of entry.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm))
    found.set(declared!, { ...own.get(declared!)!, isType: false });
  for (const [, onlyTypes, what, from = name] of entry.matchAll(EXPORTS)) {
    const inside = ['spaces', from].flatMap((each) => [...documentedOf(each)]);
    const documented = new Map(inside);
    const named =
      what === '*'
        ? namesOf(readFileSync(join(packages, from, 'src/index.ts'), 'utf8'))
        : namesOf(`export ${what};`);
    for (const [exported, isType] of named) {
      if (what === '*' && !isType) continue;
      const about = documented.get(exported) ?? { text: '', example: null };
      found.set(exported, { ...about, isType: isType || onlyTypes !== undefined });
    }
  }
  return found;
}

/** The names that export lists give, and whether each is a type. */
const namesOf = (source: string): [name: string, isType: boolean][] =>
  [...source.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, onlyTypes, list]) =>
    list!
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '')
      .map((each): [string, boolean] => [
        each.replace(/^type /, ''),
        onlyTypes !== undefined || each.startsWith('type '),
      ]),
  );

/** A line that says what its expression gives. */
const GIVES = /^(\s*)(.*); \/\/ → (.*)$/gm;

/** An example as a block of a program that checks what its lines say that they give. */
export const blockOf = (name: string, example: string): string =>
  `{ // ${name}\n${`${example}\n`.replaceAll(GIVES, '$1deepStrictEqual($2, $3);')}}\n`;
