import { type DqnConfig, type PqnConfig, Registered } from '@qfleet/config';
import type { Packing } from '@qfleet/networks';
import { type AdamOptions, adam, type Optimizer, radam, rmsprop, sgd } from '@qfleet/tensor';

type OptimizerConfig = DqnConfig['optimizer'];

/** What Adam's relatives take beside their own fields. */
type Shared = Pick<AdamOptions, 'epsilon' | 'decays'>;

/** Makes an optimizer of what `agent.optimizer.options` says. */
export type OptimizerMaker = (options: Readonly<Record<string, unknown>>) => Optimizer;

const registered = new Registered<OptimizerMaker>('agent.optimizer', 'registerOptimizer');

/**
 * Lets a configuration name an optimizer of user code, as `agent.optimizer: { kind: custom, name, options }`. Its rate is
 * `agent.learningRate`; what it keeps of each parameter lies in slots.
 *
 * @param make is given the options.
 * @example
 * registerOptimizer('slow', ({ momentum = 0.5 }) => sgd({ momentum: Number(momentum) }));
 */
export const registerOptimizer = (name: string, make: OptimizerMaker): void => registered.add(name, make);

/** Optimizers by the `kind` of their configuration. */
const OPTIMIZERS: {
  [K in OptimizerConfig['kind']]: (
    config: Extract<OptimizerConfig, { kind: K }>,
    shared: Shared,
  ) => Optimizer;
} = {
  adam: (config, shared) => adam({ ...config, ...shared }),
  adamw: (config, shared) => adam({ ...config, ...shared }),
  radam: (config, { epsilon }) => radam({ ...config, ...(epsilon === undefined ? {} : { epsilon }) }),
  rmsprop,
  sgd,
  custom: ({ name, options }) => registered.find(name)(options),
};

/**
 * The optimizer of a configuration.
 *
 * @param packing of the parameters that it changes, as `prefix/name`. Kernels alone decay, which are the parameters of two
 *   axes and more: biases, gains and the like have no part in it (Loshchilov and Hutter leave that open; it is the usual
 *   way). Absent: everything decays, which is the same for all but the updates.
 */
export function createOptimizer(
  { optimizer, adamEpsilon }: Pick<DqnConfig | PqnConfig, 'optimizer' | 'adamEpsilon'>,
  packing?: Packing,
): Optimizer {
  const masks = packing?.mask(({ shape }) => shape.length >= 2);
  const decays = (name: string) => masks?.get(name.slice(name.indexOf('/') + 1)) ?? true;
  const create = OPTIMIZERS[optimizer.kind] as (config: OptimizerConfig, shared: Shared) => Optimizer;
  return create(optimizer, { epsilon: adamEpsilon, decays });
}
