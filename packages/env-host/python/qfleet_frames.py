"""What an environment looks like now: the frames of `render()`, of Atari's games their screen."""

import os

import numpy as np

# The most bytes of a frame's pixels, as packages/env-host/src/gymnasium/protocol.ts has it.
MOST_PIXELS = 1 << 23

# Nothing opens a window, and pygame does not greet.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")


class NoFrame(Exception):
    """There is no frame: its text says why."""


def rendering(plain, rendered):
    """
    Makes copies that render, by `rendered`, where they can be made so, else plain ones: `render_mode` may be no argument of an environment's
    own.
    """

    def make():
        try:
            return rendered()
        except Exception:
            return plain()

    return make


def frame_of(env):
    """@returns its height and width, and its pixels: RGB in bytes, row by row. Raises what says why there is none."""
    emulator = getattr(env.unwrapped, "ale", None)
    if emulator is not None:
        image = emulator.getScreenRGB()
    elif env.unwrapped.render_mode != "rgb_array":
        raise NoFrame("it has no render mode rgb_array")
    else:
        image = env.render()
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        shape = image.shape if isinstance(image, np.ndarray) else type(image).__name__
        raise NoFrame(f"render() gave {shape}, which is no image of [height, width, 3]")
    if image.dtype != np.uint8:
        raise NoFrame(f"render() gave numbers of {image.dtype}, which are no bytes")
    if image.size > MOST_PIXELS:
        raise NoFrame(f"a frame of {image.shape[1]} x {image.shape[0]} is larger than {MOST_PIXELS} bytes")
    return image.shape[0], image.shape[1], image.tobytes()
