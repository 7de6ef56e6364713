import type { Command } from 'commander';

export function addSetup(program: Command): void {
  program
    .command('setup')
    .description(
      'brings TensorFlow and a Redis server, which training would otherwise bring when it first needs them',
    )
    .action(async () => {
      const { setUp } = await import('../set-up.ts');
      await setUp();
    });
}
