import type { ExplorationConfig } from '@qfleet/config';

/**
 * The ε of one slot.
 *
 * `ladder`: εᵢ = ε^(1 + α·i/(N−1)) for slot i of N, fixed over the run (Horgan et al., "Distributed prioritized
 * experience replay", 2018, section 4.1); a lone slot has ε. `schedule`: one ε for all, linear in `runSteps`
 * (environment steps of the whole run) from `from` to `to`, and `to` from `steps` on. `exponential`: the same by
 * from·(to/from)^(runSteps/steps).
 *
 * @throws RangeError when `slot` is not one of the `slots`.
 */
export function epsilonOf(config: ExplorationConfig, slot: number, slots: number, runSteps: number): number {
  if (!(Number.isInteger(slot) && slot >= 0 && slot < slots)) {
    throw new RangeError(`Slot ${slot} is not one of the run's ${slots} (0 to ${slots - 1}).`);
  }
  if (config.kind === 'ladder') {
    const rung = slots === 1 ? 0 : slot / (slots - 1);
    return config.base ** (1 + config.alpha * rung);
  }
  const progress = Math.min(1, Math.max(0, runSteps / config.steps));
  if (config.kind === 'exponential') return config.from ** (1 - progress) * config.to ** progress;
  return config.from * (1 - progress) + config.to * progress;
}
