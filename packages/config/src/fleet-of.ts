import type { FleetConfig, RunConfig } from './schema/run.ts';
import { learnsFromRounds } from './schema/run.ts';

/**
 * How the slots of a run are leased. The slots of rounds are their copies; an actor holds an even share of them at least,
 * and whole leases.
 */
export function fleetOf(config: RunConfig): FleetConfig {
  const { fleet } = config;
  if (!learnsFromRounds(config)) return fleet;
  const slots = config.agent.copies;
  const slotsPerLease = Math.min(fleet.slotsPerLease, slots);
  const share = slotsPerLease * Math.ceil(slots / fleet.actors / slotsPerLease);
  return { ...fleet, slots, slotsPerLease, slotsPerActor: Math.max(fleet.slotsPerActor, share) };
}
