import type { Command } from 'commander';

/** The process commands and the package whose main file each one runs. */
const processes = {
  actor: 'steps environments and pushes what they give to the replay',
  learner: 'trains on the replay and publishes weights',
  evaluator: 'plays greedy episodes on checkpoints',
  exporter: 'serves the metrics of the fleet to Prometheus',
} as const;

type Role = keyof typeof processes;

/** What configures them: the variable, what it holds, and the roles that read it (left out: all). */
const variables: readonly (readonly [name: string, holds: string, ...readers: Role[]])[] = [
  ['QFLEET_REDIS_URL', 'redis://[user:password@]host[:port][/db], rediss://… for TLS, unix:///path'],
  ['QFLEET_REDIS_USERNAME', 'where the URL has none'],
  ['QFLEET_REDIS_PASSWORD', 'where the URL has none; or …_PASSWORD_FILE, a file that holds it'],
  ['QFLEET_REDIS_CA', 'PEM file: who signed the server (…_CERT, …_KEY: of this client)'],
  ['QFLEET_REDIS_SERVERNAME', "the name in the server's certificate, where it is not the host"],
  ['QFLEET_RUN', "the run's id"],
  ['QFLEET_RUN_DIR', 'where checkpoints go', 'learner'],
  ['QFLEET_CONFIG', 'what to create the run from where there is none: a preset or a .yaml', 'learner'],
  ['QFLEET_ENV_MODULE', "the environment's module here; or QFLEET_CONFIG, a .yaml", 'actor', 'evaluator'],
  [
    'QFLEET_ENV_ID',
    "the environment's id, where Python imports a package for it; or QFLEET_CONFIG, a .yaml",
    'actor',
    'learner',
    'evaluator',
  ],
  [
    'QFLEET_PYTHON',
    'the Python here that has what the environment needs, where Gymnasium plays it',
    'actor',
    'learner',
    'evaluator',
  ],
  ['QFLEET_REPLAY_SHARDS', 'URLs of servers that may hold the replay; or QFLEET_CONFIG, a .yaml'],
  ['QFLEET_EXPORTER_HOST', 'address to serve on (127.0.0.1)', 'exporter'],
  ['QFLEET_EXPORTER_PORT', 'port to serve on (9464); 0: any free one', 'exporter'],
  ['QFLEET_TENSOR', 'gpu, cpu or wasm: only this one, or fail', 'actor', 'learner', 'evaluator'],
  ['QFLEET_PROCESS_ID', 'a name that stays over restarts'],
  ['QFLEET_STALL_SECONDS', 'it ends once it has stood still for so long (300)'],
  ['QFLEET_LOG_LEVEL', 'trace, debug, info, warn, error or silent (info)'],
];

function variablesOf(role: Role): string {
  return variables
    .filter(([, , ...readers]) => readers.length === 0 || readers.includes(role))
    .map(([name, holds]) => `  ${name.padEnd(24)}${holds}`)
    .join('\n');
}

export function addProcesses(program: Command): void {
  for (const role of Object.keys(processes) as Role[]) {
    program
      .command(role)
      .description(`one process of a fleet: ${processes[role]}`)
      .addHelpText(
        'after',
        `
It is configured by environment variables alone, so that a container needs no arguments:
${variablesOf(role)}

Example:
  $ QFLEET_REDIS_URL=redis://learner.example:6379 QFLEET_RUN=cartpole-1 qfleet ${role}`,
      )
      .action(async () => {
        const { runProcess } = await import('../run-process.ts');
        process.exitCode = await runProcess(role);
      });
  }
}
