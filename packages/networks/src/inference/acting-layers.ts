import type { ConvolutionLayer } from './convolution/layer.ts';
import type { DenseLayer } from './dense/layer.ts';

/** What actors compute without tfjs: a convolution of the state as an image, or none, then dense layers with relu between them. */
export interface ActingLayers {
  readonly convolution: ConvolutionLayer | null;
  readonly dense: readonly DenseLayer[];
}
