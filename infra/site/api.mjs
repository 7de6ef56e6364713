// The pages of the API, which TypeDoc writes from the doc comments: a page for each package.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { slugify } from './slug.mjs';

/** Packages that only wire, watch or measure. */
const LEFT_OUT = ['bench', 'watchdog', 'tracing'];

/** The packages whose functions are called by users and contributors.
 * @param {string} root
 * @returns {string[]} */
export function documented(root) {
  const folder = join(root, 'packages');
  return readdirSync(folder).filter(
    (name) => !LEFT_OUT.includes(name) && existsSync(join(folder, name, 'src/index.ts')),
  );
}

/** Writes TypeDoc's options, and a tsconfig.json of all sources.
 * @param {string} root
 * @param {string} stage
 * @param {string} folder where both go
 * @param {string[]} packages */
export function writeTypedocOptions(root, stage, folder, packages) {
  const tsconfig = join(folder, 'tsconfig.json');
  const typeRoots = [join(root, 'node_modules/@types')];
  const compilerOptions = { noEmit: true, composite: false, skipLibCheck: true, typeRoots };
  const include = packages.map((name) => join(root, 'packages', name, 'src'));
  writeFileSync(
    tsconfig,
    JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions, include }),
  );
  const options = {
    plugin: ['typedoc-plugin-markdown'],
    tsconfig,
    entryPoints: packages.map((name) => join(root, 'packages', name, 'src/index.ts')),
    out: join(stage, 'api'),
    name: 'API',
    readme: 'none',
    outputFileStrategy: 'modules',
    entryFileName: 'index',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    sanitizeComments: true,
    disableSources: true,
    excludeExternals: true,
    skipErrorChecking: true,
    validation: false,
    logLevel: 'Error',
  };
  writeFileSync(join(folder, 'typedoc.json'), JSON.stringify(options));
}

/** What a package is imported by: what users install has no scope.
 * @param {string} folder its name in packages/ */
export const packageName = (folder) => (folder === 'qfleet' ? folder : `@qfleet/${folder}`);

/** Names the pages after their packages, and has each link lead to a heading that is there.
 * @param {string} api
 * @returns {string[]} the pages, without their ending */
export function tidyApi(api) {
  const names = readdirSync(api, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  const pages = new Map(names.map((name) => [name, readFileSync(join(api, name, 'src.md'), 'utf8')]));
  const anchors = new Map([...pages].map(([name, text]) => [name, anchorsOf(text)]));
  for (const [name, text] of pages) {
    const tidied = text
      .replace(`# ${name}/src`, `# ${packageName(name)}`)
      .replaceAll(/\]\((?:\.\.\/([\w-]+)\/src\.md)?(?:#([\w-]+))?\)/g, (_, other, anchor) => {
        const page = other === undefined ? '' : `./${other}.md`;
        return `](${page}${anchor === undefined ? '' : `#${known(anchor, anchors.get(other ?? name))}`})`;
      });
    writeFileSync(join(api, `${name}.md`), tidied);
    rmSync(join(api, name), { recursive: true });
  }
  const index = names.map((name) => `- [${packageName(name)}](./${name}.md)`).join('\n');
  writeFileSync(
    join(api, 'index.md'),
    `# API\n\nWhat the packages export, from their doc comments.\n\n${index}\n`,
  );
  return names.map((name) => `api/${name}`);
}

/** TypeDoc counts headings that it does not print: then the one without a number is meant.
 * @param {string} anchor
 * @param {Set<string> | undefined} anchors */
const known = (anchor, anchors) => (anchors?.has(anchor) ? anchor : anchor.replace(/-\d+$/, ''));

/** The anchors of a page's headings, those of one name numbered.
 * @param {string} text */
function anchorsOf(text) {
  const anchors = new Set();
  for (const [, heading] of text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)) {
    const slug = slugify(heading);
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}
