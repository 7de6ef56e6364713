import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { CommandError, UsageError } from '../errors.ts';

/** Has ffmpeg make a film of frames. */
export class Mp4Writer {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #frames = 0;

  private constructor(child: ChildProcess, ended: Promise<void>) {
    this.#child = child;
    this.#ended = ended;
    // Told by its end.
    ended.catch(() => undefined);
    child.stdin!.on('error', () => undefined);
  }

  /**
   * Starts ffmpeg, which replaces the file.
   * @throws UsageError where there is no ffmpeg on the path.
   */
  static async start(file: string, width: number, height: number, perSecond: number): Promise<Mp4Writer> {
    const child = spawn(
      'ffmpeg',
      [
        ...['-loglevel', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'rgba', '-s', `${width}x${height}`],
        ...[
          '-r',
          String(perSecond),
          '-i',
          '-',
          '-pix_fmt',
          'yuv420p',
          '-movflags',
          '+faststart',
          '-f',
          'mp4',
          file,
        ],
      ],
      { stdio: ['pipe', 'ignore', 'pipe'] },
    );
    let words = '';
    child.stderr!.on('data', (chunk) => {
      words = `${words}${chunk}`.slice(-500);
    });
    try {
      await once(child, 'spawn');
    } catch {
      throw new UsageError(
        'An .mp4 is made by ffmpeg, and there is none on the path: install it, or record a .gif, which needs nothing.',
      );
    }
    const ended = once(child, 'close').then(([code]) => {
      if (code !== 0)
        throw new CommandError(
          `ffmpeg could not make ${file}: ${words.trim().split('\n').at(-1) || `exit code ${code}`}`,
        );
    });
    return new Mp4Writer(child, ended);
  }

  get frames(): number {
    return this.#frames;
  }

  async add(pixels: Uint8Array): Promise<void> {
    this.#frames++;
    const { stdin } = this.#child;
    if (stdin!.write(pixels)) return;
    // Where it has ended, that says why.
    await Promise.race([once(stdin!, 'drain').catch(() => this.#ended), this.#ended]);
  }

  /** @throws CommandError where ffmpeg failed. */
  async finish(): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
  }
}
