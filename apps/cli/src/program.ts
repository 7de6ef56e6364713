import { Command } from 'commander';
import { addBench } from './commands/bench.ts';
import { addChat } from './commands/chat.ts';
import { addCompare } from './commands/compare.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfig } from './commands/config.ts';
import { addData } from './commands/data.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEnv } from './commands/env.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addExport } from './commands/export.ts';
import { addLists } from './commands/lists.ts';
import { addModel } from './commands/model.ts';
import { addProcesses } from './commands/processes.ts';
import { addRecord } from './commands/record.ts';
import { addReplay } from './commands/replay.ts';
import { addResume } from './commands/resume.ts';
import { addServe } from './commands/serve.ts';
import { addSetup } from './commands/setup.ts';
import { addStop } from './commands/stop.ts';
import { addSweep } from './commands/sweep.ts';
import { addTop } from './commands/top.ts';
import { addTrain } from './commands/train.ts';
import { addWatch } from './commands/watch.ts';
import { version } from './version.ts';

/** The whole command line. What a command needs is imported when it runs, so that `--help` stays fast. */
export function createProgram(): Command {
  const program = new Command('qfleet')
    .description('Trains DQN-family agents with a fleet: many actors, a Redis replay, one fast learner.')
    .version(version)
    .exitOverride()
    .configureOutput({
      // commander puts its suggestion on a line of its own; an error here is one line.
      outputError: (text, write) => write(text.replace(/\n\(/, ' (')),
    })
    .addHelpText(
      'after',
      `
Examples:
  $ qfleet train cartpole                      train with a local fleet
  $ qfleet train cartpole --single --seed 7    in one process, reproducible
  $ qfleet eval runs/cartpole-1                play the best checkpoint
  $ qfleet watch runs/cartpole-1               a page on this machine where the agent plays
  $ qfleet compare runs/cartpole-*             how several runs did, with intervals
  $ qfleet sweep cartpole --seeds 1..5 --set agent.learningRate=5e-4,2e-3
                                               which setting is the best, over seeds
  $ qfleet train cartpole --detach             in the background; qfleet stop RUN_DIR ends it
  $ qfleet doctor                              what runs on this machine

Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 75 a fleet process that was told to stop before
its run was over. Set QFLEET_LOG_LEVEL=debug for stack traces.`,
    );
  addTrain(program);
  addResume(program);
  addStop(program);
  addEvaluate(program);
  addWatch(program);
  addRecord(program);
  addCompare(program);
  addSweep(program);
  addTop(program);
  addDoctor(program);
  addSetup(program);
  addLists(program);
  addConfig(program);
  addEnv(program);
  addReplay(program);
  addModel(program);
  addData(program);
  addChat(program);
  addExport(program);
  addServe(program);
  addBench(program);
  addProcesses(program);
  addCompletion(program);
  return program;
}
