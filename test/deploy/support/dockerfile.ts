import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import {
  type Copy,
  DockerfileParser,
  type From,
  type Instruction,
  type JSONInstruction,
} from 'dockerfile-ast';
import { copyRoot, copySources, machineEnvironment, makeNodeImage } from './clean-root.ts';
import { readInfra } from './compose.ts';

/** A stage that was built: a root file system, and what its containers start with. */
export interface Image {
  readonly root: string;
  readonly environment: Record<string, string>;
  workdir: string;
  user: string;
  readonly entrypoint: readonly string[];
  command: string[];
}

interface Stage {
  readonly name: string;
  readonly base: string;
  readonly steps: Instruction[];
}

/** The stages of the Dockerfile, in order, by a parser of Dockerfiles; of arguments the defaults. */
function readStages(): Stage[] {
  const stages: Stage[] = [];
  const defaults = new Map<string, string>();
  for (const instruction of DockerfileParser.parse(readInfra('docker/Dockerfile')).getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const from = instruction as From;
      const base = from.getImage()!.replace(/\$\{(\w+)\}/g, (_, name: string) => defaults.get(name)!);
      stages.push({ name: from.getBuildStage()!, base, steps: [] });
    } else if (stages.length === 0 && instruction.getKeyword() === 'ARG') {
      const [name, value] = instruction.getArguments()[0].getValue().split('=');
      defaults.set(name, value);
    } else {
      stages.at(-1)?.steps.push(instruction);
    }
  }
  return stages;
}

/** Carries the Dockerfile's steps out, each stage in a root of its own below a folder; only Debian's tools do it. */
export class ImageBuilder {
  readonly #folder: string;
  readonly #checkout: string;
  readonly #stages = readStages();
  readonly #built = new Map<string, Image>();

  constructor(folder: string, checkout: string) {
    this.#folder = folder;
    this.#checkout = checkout;
  }

  /** The image of a target, built with the stages that it needs. @throws with what a failed step printed. */
  build(target: string): Image {
    const built = this.#built.get(target);
    if (built) return built;
    const stage = this.#stages.find(({ name }) => name === target);
    if (!stage) throw new Error(`The Dockerfile has no stage ${target}.`);
    const base = this.#base(stage.base);
    const root = join(this.#folder, target);
    // What a step that failed left behind.
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root);
    copyRoot(base.root, root);
    const image: Image = { ...base, root, environment: { ...base.environment } };
    for (const step of stage.steps) this.#take(image, step);
    this.#built.set(target, image);
    return image;
  }

  #base(name: string): Image {
    if (this.#stages.some((stage) => stage.name === name)) return this.build(name);
    const root = join(this.#folder, 'node-image');
    if (!existsSync(root)) makeNodeImage(root);
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    return { root, environment: { PATH: path }, workdir: '/', user: '0:0', entrypoint: [], command: [] };
  }

  #take(image: Image, step: Instruction): void {
    const words = step.getArguments().map((argument) => argument.getValue());
    switch (step.getKeyword()) {
      case 'WORKDIR':
        image.workdir = words[0];
        mkdirSync(join(image.root, image.workdir), { recursive: true });
        return;
      case 'USER':
        image.user = words[0];
        return;
      case 'ENV':
        for (const word of words) {
          const at = word.indexOf('=');
          image.environment[word.slice(0, at)] = word.slice(at + 1);
        }
        return;
      case 'CMD':
        image.command = (step as JSONInstruction).getJSONStrings().map((text) => JSON.parse(text.getValue()));
        return;
      case 'COPY':
        this.#copy(image, (step as Copy).getFromFlag()?.getValue() ?? null, words);
        return;
      case 'RUN':
        run(image, step.getArgumentsContent()!);
        return;
      default:
        throw new Error(`The Dockerfile has a step that this builder does not know: ${step.getKeyword()}.`);
    }
  }

  #copy(image: Image, stage: string | null, [source, target]: string[]): void {
    const to = join(image.root, posix.resolve(image.workdir, target));
    if (stage === null) {
      copySources(this.#checkout, to);
      return;
    }
    const from = join(this.build(stage).root, source);
    // As COPY does: a folder's contents.
    if (statSync(from).isDirectory()) copyRoot(from, ensure(to));
    else cpSync(from, to);
  }
}

function ensure(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** A RUN step, in the image's root and with its environment, on the network of this machine. */
function run(image: Image, script: string): void {
  const environment = { HOME: '/root', ...machineEnvironment(), ...image.environment };
  execFileSync(
    'bwrap',
    [
      ...['--bind', image.root, '/', '--dev', '/dev', '--proc', '/proc'],
      ...['--chdir', image.workdir, '--clearenv'],
      ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
      ...['/bin/sh', '-c', script],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 28 },
  );
}

/** An image of programs of Debian's, on another's root, with folders that their volumes take owner and mode from. */
export function debianImage(
  base: Image,
  root: string,
  packages: readonly string[],
  folders: Readonly<Record<string, number>>,
): Image {
  copyRoot(base.root, ensure(root));
  const image = { ...base, root, workdir: '/', command: [] };
  const install = 'DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends';
  run(image, `apt-get update -qq && ${install} ${packages.join(' ')}`);
  for (const [path, owner] of Object.entries(folders)) {
    mkdirSync(join(root, path), { recursive: true });
    chownSync(join(root, path), owner, owner);
  }
  return image;
}
