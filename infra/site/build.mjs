// `npm run docs`: stages the documents, generates the pages that follow from the program, and has VitePress make the site.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { documented, tidyApi, writeTypedocOptions } from './api.mjs';
import { checkSite } from './check.mjs';
import { generatePages } from './generate.mjs';
import { stageDocuments } from './stage.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
const stage = join(here, 'dist/source');
const out = join(here, 'dist/html');

/** @param {string} tool
 * @param {string[]} args */
function run(tool, args) {
  const { status, stdout, stderr } = spawnSync(join(here, 'node_modules/.bin', tool), args, {
    cwd: here,
    encoding: 'utf8',
  });
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}`);
  throw new Error(`docs: ${tool} ended with ${status}.`);
}

rmSync(join(here, 'dist'), { recursive: true, force: true });
mkdirSync(join(stage, '.vitepress'), { recursive: true });
const documents = stageDocuments(root, stage);
await generatePages(root, stage);
const packages = documented(root);
writeTypedocOptions(root, stage, join(here, 'dist'), packages);
run('typedoc', ['--options', join(here, 'dist/typedoc.json')]);
const api = tidyApi(join(stage, 'api'));
// Those of docs/ itself: what lies in folders is linked from them.
const pages = [...documents]
  .filter((page) => /^[\w-]+\.md$/.test(page) && !['index.md', 'readme.md', 'grafana.md'].includes(page))
  .map((page) => page.slice(0, -'.md'.length))
  .sort();
writeFileSync(
  join(stage, '.vitepress/config.mjs'),
  `import { siteConfig } from ${JSON.stringify(join(here, 'config.mjs'))};\nexport default siteConfig(${JSON.stringify(api)}, ${JSON.stringify(pages)});\n`,
);
run('vitepress', ['build', stage, '--outDir', out]);
const problems = checkSite(out);
for (const problem of problems) process.stderr.write(`docs: ${problem}\n`);
if (problems.length > 0) process.exit(1);
process.stdout.write(`docs: ${out}; to read it: python3 -m http.server --directory ${out}\n`);
