import type { NamedTensors } from '../named-tensors.ts';
import { elementsOf, sameShape } from './values.ts';

/** The names and shapes of a state, against which values from outside are checked. */
export class StateSpec {
  readonly shapes: ReadonlyMap<string, readonly number[]>;

  /** @throws When values do not fit their own shape. */
  constructor(state: NamedTensors) {
    this.shapes = new Map([...state].map(([name, { shape }]) => [name, [...shape]]));
    this.check(state);
  }

  /** @throws When a name is unknown, a shape differs, or values do not fit their shape. */
  check(state: NamedTensors): void {
    this.checkNames([...state.keys()]);
    for (const [name, { shape, data }] of state) {
      const own = this.shapes.get(name)!;
      if (!sameShape(own, shape)) throw new Error(`state '${name}' has shape [${own}], not [${shape}]`);
      if (data.length !== elementsOf(own)) {
        throw new Error(
          `state '${name}' of shape [${own}] takes ${elementsOf(own)} values, not ${data.length}`,
        );
      }
    }
  }

  /** @throws When a name is unknown. */
  checkNames(names: readonly string[]): void {
    for (const name of names) {
      if (!this.shapes.has(name))
        throw new Error(`there is no state '${name}': there is ${[...this.shapes.keys()].join(', ')}`);
    }
  }

  copy(state: NamedTensors): NamedTensors {
    return new Map(
      [...state].map(([name, { shape, data }]) => [name, { shape: [...shape], data: data.slice() }]),
    );
  }
}
