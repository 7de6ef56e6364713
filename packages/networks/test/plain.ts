/** The fields of a network's configuration at which its layers are the plain ones. */
export const PLAIN = {
  layerNorm: false,
  noisy: null,
  initialization: 'lecun-uniform',
  core: { kind: 'none' },
} as const;
