import type { DrawingContext } from '@qfleet/envs';
import canvasKit from 'canvaskit-wasm';

/** A canvas without a screen. */
export interface Surface {
  readonly context: DrawingContext;
  /** Its pixels: RGBA, row by row, not premultiplied. */
  pixels(): Uint8ClampedArray;
  dispose(): void;
}

/**
 * A canvas of Skia, compiled to WebAssembly: it has the drawing calls of a browser's, text included, for what users'
 * environments draw, and its pixels do not depend on the processor, as those of native canvases do.
 */
export async function createSurface(width: number, height: number): Promise<Surface> {
  const kit = await canvasKit.default();
  const canvas = kit.MakeCanvas(width, height);
  const context = canvas.getContext('2d')!;
  return {
    context: withCanvas(context as unknown as DrawingContext, { width, height }),
    pixels: () => context.getImageData(0, 0, width, height)!.data,
    dispose: () => canvas.dispose(),
  };
}

/** A context that knows its canvas, as a browser's does: Skia's own says null for good. */
function withCanvas(context: DrawingContext, canvas: DrawingContext['canvas']): DrawingContext {
  const own = { canvas } as DrawingContext;
  return new Proxy(own, {
    get(_, name) {
      if (name === 'canvas') return canvas;
      const value = Reflect.get(context, name);
      return typeof value === 'function' ? value.bind(context) : value;
    },
    set: (_, name, value) => Reflect.set(context, name, value),
  });
}
