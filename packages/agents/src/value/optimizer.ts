import type { DqnConfig } from '@qfleet/config';
import { adam, type Optimizer, rmsprop, sgd } from '@qfleet/tensor';

type OptimizerConfig = DqnConfig['optimizer'];

/** Optimizers by the `kind` of their configuration. */
const OPTIMIZERS: {
  [K in OptimizerConfig['kind']]: (
    config: Extract<OptimizerConfig, { kind: K }>,
    adamEpsilon: number,
  ) => Optimizer;
} = {
  adam: (config, epsilon) => adam({ ...config, epsilon }),
  adamw: (config, epsilon) => adam({ ...config, epsilon }),
  rmsprop,
  sgd,
};

/** The optimizer of a configuration. */
export function createOptimizer({ optimizer, adamEpsilon }: DqnConfig): Optimizer {
  const create = OPTIMIZERS[optimizer.kind] as (config: OptimizerConfig, adamEpsilon: number) => Optimizer;
  return create(optimizer, adamEpsilon);
}
