import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';

it('goes on where nobody reads the log, and keeps a bounded part of it for who does', async () => {
  const index = new URL('../dist/index.js', import.meta.url);
  const program = `
    import { createLogger } from ${JSON.stringify(index)};
    const log = createLogger('info');
    for (let line = 0; line < 4_000; line++) log.info('x'.repeat(1_000));
    console.log('went on');
    process.stdin.once('data', () => {
      log.info('and on');
      process.stdin.destroy();
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child.stdout.setEncoding('utf8'), 'data');
  expect(said).toBe('went on\n');
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (more) => {
    text += more;
  });
  child.stdin.write('\n');
  await once(child, 'close');
  expect(text.length).toBeGreaterThan(10_000);
  expect(text.length).toBeLessThan(2_500_000);
});
