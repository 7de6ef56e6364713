import type { Frame } from '@qfleet/browser';

/** Draws frames: their pixels as large as a canvas allows, in its middle. */
export class FrameView {
  /** Has the frame's own pixels, to be scaled by the browser. */
  readonly #canvas = document.createElement('canvas');
  #shown: Frame | null = null;

  /** @param context of the canvas that is drawn on; what was there is cleared. */
  draw(context: CanvasRenderingContext2D, frame: Frame): void {
    if (this.#shown !== frame) this.#take(frame);
    const { width, height } = context.canvas;
    const scale = Math.min(width / frame.width, height / frame.height);
    const [across, down] = [frame.width * scale, frame.height * scale];
    context.clearRect(0, 0, width, height);
    // The pixels of a small screen stay sharp.
    context.imageSmoothingEnabled = scale < 2;
    context.drawImage(this.#canvas, (width - across) / 2, (height - down) / 2, across, down);
  }

  #take(frame: Frame): void {
    const { width, height, pixels } = frame;
    const canvas = this.#canvas;
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext('2d')!;
    const image = context.createImageData(width, height);
    for (let i = 0, at = 0; i < pixels.length; i += 3, at += 4) {
      image.data[at] = pixels[i];
      image.data[at + 1] = pixels[i + 1];
      image.data[at + 2] = pixels[i + 2];
      image.data[at + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    this.#shown = frame;
  }
}
