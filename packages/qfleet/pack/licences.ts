import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A package of others, of which something lies in ours. */
interface Held {
  readonly folder: string;
  /** What of it, and where. */
  readonly as: string;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** The folder of a package as one of this repository's finds it; null: it is not installed there. */
export function installedIn(folder: string, name: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const found = join(at, 'node_modules', name);
    if (existsSync(found)) return realpathSync(found);
    if (at === dirname(at)) return null;
  }
}

/** Packages of others that a package is built with, and all that they depend on. */
export function closureOf(folder: string, names: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (from: string, name: string): void => {
    const at = installedIn(from, name);
    if (at === null || found.has(at)) return;
    found.add(at);
    for (const dependency of Object.keys(manifestOf(at).dependencies ?? {})) visit(at, dependency);
  };
  for (const name of names) visit(folder, name);
  return [...found];
}

/**
 * The licences of what our package holds of others, as text.
 *
 * @param apache the text of Apache's licence, for packages that name it and bring no text.
 * @throws Error for one whose licence is not known.
 */
export function licencesOf(held: readonly Held[], apache: string): string {
  const parts = held
    .map(({ folder, as }) => ({ ...manifestOf(folder), as, text: textOf(folder, apache) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(
      ({ name, version, license, as, text }) =>
        `## ${name} ${version}\n\n${as}. Licence: ${license}.\n\n\`\`\`\n${text.trim()}\n\`\`\`\n`,
    );
  return `# What this package holds of others\n\n${parts.join('\n')}`;
}

function textOf(folder: string, apache: string): string {
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)/i.test(name));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8');
  const { name, license } = manifestOf(folder);
  if (license === 'Apache-2.0') return apache;
  if (license === 'MIT' || license === 'ISC' || license === 'BSD-3-Clause')
    return `${name} is under the licence ${license}, and brings no text of it.`;
  throw new Error(`${name} has the licence ${license}, which is not known here.`);
}
