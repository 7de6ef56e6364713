import { DecoderKernel, Generation, greedyTokens, loadModel } from '@qfleet/networks';

/** What `start-child` is told, as JSON in its one argument. */
export interface StartChildOptions {
  readonly directory: string;
}

// A program: it loads the decoder of a directory, generates a token, and prints the most bytes of memory that took.
const { directory } = JSON.parse(process.argv[2]) as StartChildOptions;
const { shape, tensors } = loadModel(directory);
const generation = new Generation(new DecoderKernel(shape, tensors, 1));
generation.join([1], { select: greedyTokens });
generation.step();
process.stdout.write(`${process.resourceUsage().maxRSS * 1024}\n`);
