import type { Command } from 'commander';

/** The process commands and the package whose main file each one runs. */
const processes = {
  actor: 'steps environments and pushes what they give to the replay',
  learner: 'trains on the replay and publishes weights',
  evaluator: 'plays greedy episodes on checkpoints',
  exporter: 'serves the metrics of the fleet to Prometheus',
} as const;

export function addProcesses(program: Command): void {
  for (const [name, does] of Object.entries(processes)) {
    program
      .command(name)
      .description(`one process of a fleet: ${does}`)
      .addHelpText(
        'after',
        `
It is configured by environment variables alone, so that a container needs no arguments. Example:
  $ QFLEET_REDIS_URL=redis://learner.example:6379 QFLEET_RUN=cartpole-1 qfleet ${name}`,
      )
      .action(async () => {
        const { runProcess } = await import('../run-process.ts');
        process.exitCode = await runProcess(`@qfleet/${name}`);
      });
  }
}
