import { agentMemory } from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';
import { type StateSpec, stateDType, stateShape } from '@qfleet/spaces';
import type { Trained } from './trained.ts';

/** What a policy takes and gives, in plain JSON: what an exported file says of itself. */
export interface PolicyDescription {
  readonly format: 'qfleet-policy-1';
  readonly environment: string;
  readonly agent: RunConfig['agent'];
  /** Gradient updates behind the weights. */
  readonly updates: number;
  readonly actions: number;
  readonly masked: boolean;
  /** What it remembers from step to step, float32, zeros where an episode begins; empty: nothing. */
  readonly memory: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly observation: {
    /** The shape of a state: of one observation, or of `frames` of them on a leading axis, oldest first. */
    readonly shape: readonly number[];
    readonly dtype: 'float32' | 'int32' | 'uint8';
    readonly frames: number;
    /** n where it is one of the integers 0 … n − 1. */
    readonly count?: number;
    /** What the elements are, where a dict or tuple was flattened. */
    readonly parts?: StateSpec['parts'];
  };
}

/** A name as C has identifiers, which ONNX asks for too. */
export const identifier = (name: string): string => name.replaceAll(/\W/g, '_');

/** The description of a run's policy. */
export function describePolicy({ config, checkpoint, layout }: Trained): PolicyDescription {
  const { count, parts, frames, actions, masked = false } = layout;
  return {
    format: 'qfleet-policy-1',
    environment: config.environment.id,
    agent: config.agent,
    updates: checkpoint.updates,
    actions,
    masked,
    memory: agentMemory({ config: config.agent, spec: layout }).map(({ name, shape }) => ({
      name: identifier(name),
      shape,
    })),
    observation: {
      shape: stateShape(layout),
      dtype: stateDType(layout),
      frames,
      ...(count === undefined ? {} : { count }),
      ...(parts === undefined ? {} : { parts }),
    },
  };
}
