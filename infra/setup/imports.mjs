// What the source files of a package import, and whether they import each other in a circle.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { sourceFiles } from './workspace.mjs';

/** The specifiers that a source file imports or re-exports, types too. Formatted code starts each static import
 * at the line's beginning; comments and strings don't.
 * @param {string} source */
export function importsOf(source) {
  const fixed = source.matchAll(/^(?:import|export)\b(?:[^'";=(]*?\bfrom)?\s*['"]([^'"\n]+)['"]/gm);
  const code = source.replaceAll(/^\s*(?:\/\*\*?|\*|\/\/).*$/gm, '');
  const dynamic = code.matchAll(/\bimport\(\s*['"]([^'"\n$]+)['"]/g);
  return [...fixed, ...dynamic].map((match) => match[1]);
}

/** The imports of each source file below a folder, by the file's path in it.
 * @param {string} folder
 * @returns {Map<string, string[]>} */
export function importsBelow(folder) {
  return new Map(
    sourceFiles(folder).map((file) => [file, importsOf(readFileSync(join(folder, file), 'utf8'))]),
  );
}

/** Circles of files that import each other, each as the files on the way and the first again.
 * @param {Map<string, string[]>} imports
 * @returns {string[][]} one circle at least for each set of files that reach each other */
export function circlesOf(imports) {
  /** @type {string[][]} */
  const circles = [];
  const done = new Set();
  /** @param {string} file
   * @param {string[]} way to it */
  const visit = (file, way) => {
    const first = way.indexOf(file);
    if (first >= 0) circles.push([...way.slice(first), file]);
    if (first >= 0 || done.has(file)) return;
    for (const specifier of imports.get(file) ?? [])
      if (specifier.startsWith('.')) visit(join(dirname(file), specifier), [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return circles;
}
