import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** A specifier within an import, an export or a type. */
const SPECIFIER = /(\bfrom\s+|\bimport\(|\bimport\s+)(['"])([^'"]+)\2/g;

/** The declarations of tfjs-core take `Long` as a global type, which nothing brings where packages are not hoisted. */
const GLOBALS = '/// <reference types="long" />\n';

/**
 * Copies the declarations that the public entries reach, of this and of the other packages, to one folder. What they name of each
 * other is a relative path there.
 *
 * @param entries the declarations of each entry, by the name that it gets, below `root`.
 */
export function copyDeclarations(root: string, out: string, entries: Readonly<Record<string, string>>): void {
  const placed = new Map<string, string>();
  const placeOf = (file: string): string => {
    let place = placed.get(file);
    if (place === undefined) {
      place = join(out, relative(root, file).replace(/^packages\/([^/]+)\/dist\//, '$1/'));
      placed.set(file, place);
      write(file, place);
    }
    return place;
  };
  const write = (file: string, place: string): void => {
    const text = readFileSync(file, 'utf8')
      .replace(/^\/\/# sourceMappingURL=.*$/m, '')
      .replaceAll(SPECIFIER, (whole, before: string, quote: string, specifier: string) => {
        const target = targetOf(root, file, specifier);
        if (target === null) return whole;
        const to = relative(dirname(place), placeOf(target)).replace(/\.d\.ts$/, '.js');
        return `${before}${quote}${to.startsWith('.') ? to : `./${to}`}${quote}`;
      });
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
  };
  for (const [name, file] of Object.entries(entries)) {
    const to = relative(out, placeOf(join(root, file))).replace(/\.d\.ts$/, '.js');
    writeFileSync(join(out, `${name}.d.ts`), `${GLOBALS}export * from './${to}';\n`);
  }
}

/** The file that a specifier of ours names; null: it is another package's. */
function targetOf(root: string, file: string, specifier: string): string | null {
  const own = specifier.match(/^@qfleet\/([^/]+)$/)?.[1];
  const target =
    own !== undefined
      ? faceOf(root, file, own)
      : specifier.startsWith('.')
        ? join(dirname(file), specifier.replace(/\.[jt]s$/, '.d.ts'))
        : null;
  if (target !== null && !existsSync(target))
    throw new Error(`${file} names ${specifier}, which is not built.`);
  return target;
}

/** The declarations of one of our packages: for the browser's, those of what of it runs there, where it has some. */
function faceOf(root: string, from: string, name: string): string {
  const [browser, index] = ['browser', 'index'].map((face) =>
    join(root, 'packages', name, `dist/${face}.d.ts`),
  );
  return from.startsWith(join(root, 'packages/browser/')) && existsSync(browser) ? browser : index;
}
