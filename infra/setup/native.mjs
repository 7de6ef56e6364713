// TensorFlow and a Redis. Neither is a must: where one can't be had, its provisioner says what is used instead.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, hashOf, readStamp, writeStamp } from './cache.mjs';
import { capture, SetupError, tellingLines } from './progress.mjs';

const PARTS = [
  { title: 'Redis', main: 'packages/fleet/dist/redis/local/provision-main.js' },
  { title: 'TensorFlow', main: 'packages/tensor/dist/provision/main.js' },
];

/** What a provisioner says where it found nothing to run natively. */
const FALLBACK = /\bWASM\b|--single/;

/** A network that blocks a download takes a minute to say so: not at every start. */
const RETRY_MS = 3_600_000;

/** Runs the provisioners, both at once.
 * @param {import('./setup.mjs').Ready} ready
 * @param {{retry: boolean}} options `retry`: try again now what failed within the last hour */
export async function setUpNative({ root, node, env, progress }, { retry }) {
  const stamp = (/** @type {string} */ title) => join(root, 'node_modules', '.qfleet', title.toLowerCase());
  // What may make a difference to a second try, or to which of several is used.
  const settings = Object.keys(env).filter((name) => /^(QFLEET_|PIP_|https?_proxy$|PATH$|CXX$)/i.test(name));
  const key = hashOf([
    readStamp(join(root, 'node_modules', '.qfleet', 'dependencies')),
    String(existsSync('/proc/driver/nvidia/version')),
    ...settings.sort().map((name) => `${name}=${env[name]}`),
  ]);
  const due = PARTS.filter(({ title }) => {
    const [earlierKey, failedAt, ...found] = readStamp(stamp(title)).split('\n');
    if (retry || earlierKey !== key) return true;
    if (failedAt !== '') return Date.now() - Number(failedAt) > RETRY_MS;
    return found.length === 0 || !found.every((path) => existsSync(path));
  });
  const work = due.map(({ title, main }) => ({
    title,
    result: capture(node, [join(root, main)], { cwd: root, env }),
  }));
  for (const { title, result } of work) {
    const { code, output } = await progress.step(title, () => result);
    if (output !== '') progress.log(`\n$ ${title}\n${output}`);
    if (code !== 0) {
      throw new SetupError(
        `${title} could not be set up (${tellingLines(output)}). Details: ${progress.logPath}`,
      );
    }
    const fallback = output.split('\n').find((line) => FALLBACK.test(line));
    const rest = fallback === undefined ? ['', ...whatWasFound(title, output, env)] : [String(Date.now())];
    writeStamp(stamp(title), [key, ...rest].join('\n'));
    if (fallback === undefined) continue;
    progress.say(`${fallback} (npm run setup tries again; details: ${progress.logPath})`);
    if (title !== 'TensorFlow') continue;
    for (const sentence of await missingTools(root, env)) progress.say(sentence);
  }
}

/** The files whose loss makes a provisioner due again; none where that isn't known.
 * @param {string} title
 * @param {string} output
 * @param {NodeJS.ProcessEnv} env
 * @returns {string[]} */
function whatWasFound(title, output, env) {
  if (title === 'Redis') return /^Redis: (.+), version /m.exec(output)?.slice(1) ?? [];
  const libraries = join(cacheFolder(env), 'tensorflow');
  if (!existsSync(libraries)) return [];
  return readdirSync(libraries, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(libraries, name))
    .flatMap((library) => readdirSync(library).map((file) => join(library, file)))
    .filter((path) => path.endsWith('.node'));
}

/** Whether a command line of qfleet computes or starts a Redis here.
 * @param {string[]} args */
export function needsNative(args) {
  const computing = ['train', 'resume', 'eval', 'bench', 'doctor', 'learner', 'actor', 'evaluator'];
  const traces = args[0] === 'model' && args[1] === 'trace';
  return (traces || computing.includes(args[0] ?? '')) && !args.includes('--help') && !args.includes('-h');
}

/** What is missing of the tools that native TensorFlow is made with, a sentence each.
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string[]>} */
export async function missingTools(root, env) {
  const slower = 'until then networks are computed by WebAssembly, several times slower';
  const works = async (/** @type {string} */ command, /** @type {string[]} */ args) =>
    (await capture(command, args, { cwd: root, env })).code === 0;
  const sentences = [];
  if (!(await works('python3', ['--version']))) {
    sentences.push(`python3 is not on PATH: install Python 3 with pip and start again; ${slower}.`);
  } else if (!(await works('python3', ['-m', 'pip', '--version']))) {
    sentences.push(
      `python3 has no pip: install it (apt-get install python3-pip) and start again; ${slower}.`,
    );
  }
  const compilers = [env['CXX'] || 'c++', 'g++', 'clang++'];
  const found = await Promise.all(compilers.map((compiler) => works(compiler, ['--version'])));
  if (!found.includes(true)) {
    sentences.push(`there is no C++ compiler: install one (apt-get install g++) and start again; ${slower}.`);
  }
  return sentences;
}
