import type { Command } from 'commander';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('says what runs on this machine, and what to do about what does not')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ qfleet doctor')
    .action(async ({ json }: { json?: true }) => {
      const { doctor } = await import('../doctor/doctor.ts');
      process.exitCode = await doctor(json === true);
    });
}
