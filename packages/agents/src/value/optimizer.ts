import type { DqnConfig, PqnConfig } from '@qfleet/config';
import type { Packing } from '@qfleet/networks';
import { type AdamOptions, adam, type Optimizer, radam, rmsprop, sgd } from '@qfleet/tensor';

type OptimizerConfig = DqnConfig['optimizer'];

/** What Adam's relatives take beside their own fields. */
type Shared = Pick<AdamOptions, 'epsilon' | 'decays'>;

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
