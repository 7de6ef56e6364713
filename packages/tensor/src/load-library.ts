import { createRequire } from 'node:module';
import type { Binding, NodeBackend } from './binding.ts';
import { useFusedCrossEntropy } from './cross-entropy.ts';
import { mendGradients } from './gradients/gradients.ts';
import { tfjsVersion } from './provision/addon.ts';
import type { LibraryKind } from './provision/cache.ts';
import type { Runtime, TensorFlow } from './runtime.ts';

const require = createRequire(import.meta.url);

/**
 * Loads tfjs-node's kernels on the addon at `bindingPath`. tfjs-node's own entry would look for the addon in its
 * package folder alone, so its two steps (kernels, backend) are done here.
 *
 * @throws What the dynamic linker says when the library does not load.
 */
export function loadLibrary(kind: LibraryKind, bindingPath: string, notes: string[]): Runtime {
  // Read by libtensorflow when it loads.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // Without it TensorFlow takes the whole GPU for itself.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  const binding = require(bindingPath) as Binding;
  mendNodeUtil();
  const tf = require('@tensorflow/tfjs-core') as TensorFlow;
  require('#tfjs-node/dist/register_all_kernels.js');
  const { NodeJSKernelBackend } = require('#tfjs-node/dist/nodejs_kernel_backend.js') as {
    NodeJSKernelBackend: new (binding: Binding, packageName: string) => NodeBackend & BackendOfCore;
  };
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node'), 3);
  tf.setBackend('tensorflow');
  mendGradients(tf);
  useReluGrad(tf);
  useFusedCrossEntropy(tf);
  const onGpu = binding.isUsingGpuDevice();
  if (kind === 'gpu' && !onGpu)
    notes.push('TensorFlow found no GPU that it can use: see its log with TF_CPP_MIN_LOG_LEVEL=0');
  return {
    kind: onGpu ? 'libtensorflow-gpu' : 'libtensorflow-cpu',
    tf,
    version: `TensorFlow ${binding.TF_Version}, tfjs-node ${tfjsVersion()}`,
    binding,
    notes,
  };
}

type BackendOfCore = InstanceType<TensorFlow['KernelBackend']>;

/** tfjs-node 4.22 calls two functions of node:util that Node 23 removed (tfjs#8609, mended but not released). */
function mendNodeUtil(): void {
  const util = require('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] = (value: unknown) => value === null || value === undefined;
  util['isArray'] = Array.isArray;
}

/**
 * The gradient of relu as TensorFlow's own op: one op where tfjs multiplies with a step function that its kernel makes
 * of five. It is taken from relu's output, which is above 0 where its input is: an input that nothing else needs lets
 * grappler fuse the product, the bias and relu.
 */
function useReluGrad(tf: TensorFlow): void {
  tf.registerKernel({
    kernelName: 'ReluGrad',
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, backend }) => {
      const native = backend as unknown as NodeBackend;
      const attributes = [{ name: 'T', type: native.binding.TF_ATTR_TYPE, value: native.binding.TF_FLOAT }];
      return native.executeSingleOutput('ReluGrad', attributes, [inputs['dy']!, inputs['y']!]);
    },
  });
  tf.unregisterGradient(tf.Relu);
  tf.registerGradient({
    kernelName: tf.Relu,
    outputsToSave: [true],
    gradFunc: (dy, [y]) => ({
      x: () => tf.engine().runKernel('ReluGrad', { dy: dy as never, y: y as never }) as never,
    }),
  });
}
