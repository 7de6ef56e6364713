import type { TransformerShape } from '../../language/transformer-shape.ts';
import type { ConfigReader } from '../config-reader.ts';
import type { TensorPlan } from '../tensor-plan.ts';

/** A tensor that files may have beside another one, or in its place, since both are one parameter. */
export interface Twin {
  readonly name: string;
  readonly of: string;
  /** Whether the other one counts where they differ; absent: they must be equal. */
  readonly mayDiffer?: true;
}

/** A family of Hugging Face's models: how its configuration and its files are read. */
export interface Family {
  /** What `architectures` of a configuration may name, and whether that has a head. */
  readonly architectures: Readonly<Record<string, boolean>>;
  /** What the names of all tensors but the head's begin with in files of models that have a head. */
  readonly prefix: string;
  /** @throws ModelError where the configuration is not one of the family's. */
  shape(config: ConfigReader, head: boolean): TransformerShape;
  /** What each parameter of ours is made of; names without the prefix. */
  tensors(shape: TransformerShape): TensorPlan[];
  /** Which tensors may be there twice. */
  twins(shape: TransformerShape): readonly Twin[];
  /** Names, without the prefix, of what is passed over: what is computed anew, and heads for what is not done here. */
  readonly passedOver: RegExp;
  /** An older name's newer form. */
  newName?(name: string): string;
}
