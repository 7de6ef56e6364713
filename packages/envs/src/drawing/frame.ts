/** A state as an environment's own program renders it. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  /** RGB, row by row from the top, [height, width, 3]. */
  readonly pixels: Uint8Array;
}
