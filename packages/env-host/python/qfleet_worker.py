"""A worker of Qfleet's Gymnasium bridge: rows of one environment, stepped for a Node process.

Called with JSON in its one argument, {id, kwargs, atari, vector, threads, frames}; talks over the socket that is file descriptor 3, in
the binary messages that packages/env-host/src/gymnasium/protocol.ts describes, and writes a byte to file descriptor 4 for each of its own that Node awaits. What the environment prints is not part of that.
"""

import os
import socket
import struct
import sys

REQUEST = struct.Struct("<IBBxxIII")
REPLY = struct.Struct("<IBxxxIIIIII")
SECTION = struct.Struct("<BxxxII")
MAGIC = 0x47464C51
RESET, STEP, REMOVE, RENDER = 1, 2, 3, 4
HELLO, DONE, UNABLE = 10, 11, 12
FAILED, BEGUN, NOT_BEGUN, TOLD, SAID, FRAME, NO_FRAME = 1, 2, 3, 4, 5, 6, 7
# The most characters of what an environment printed or threw that are passed on.
MOST_TEXT = 2_000
# The most bytes that an environment's messages may add to the worker's last words.
MOST_WORDS = 65_536


class Printed:
    """Stands for standard output: keeps the first line, to tell Node once that something is printed."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self):
        self.text = ""
        self.is_told = False

    def write(self, text):
        if not self.is_told and len(self.text) < MOST_TEXT:
            self.text += str(text)[:MOST_TEXT]
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False

    def fileno(self):
        return 1

    def take(self):
        """The first line that was printed, once; None: none is new."""
        line = next((each.strip() for each in self.text.splitlines() if each.strip()), None)
        if self.is_told or line is None:
            return None
        self.is_told = True
        return line


class Words:
    """Stands for standard error, of which so much is kept: an environment may warn at each step."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self):
        self.left = MOST_WORDS

    def write(self, text):
        data = str(text).encode("utf-8", "replace")[: self.left]
        self.left -= len(data)
        if data:
            os.write(2, data)
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False

    def fileno(self):
        return 2


def told(error):
    """An exception in a line: its kind, its message, and the environment's line that raised it."""
    import traceback

    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(HERE)]
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    message = " ".join(str(error).split())
    kind = type(error).__name__
    return f"{kind}: {message}{where}" if message else f"{kind}{where}"


HERE = os.path.dirname(os.path.abspath(__file__))


class Channel:
    """The socket, and the bell that tells Node of each message."""

    def __init__(self):
        self.socket = socket.socket(fileno=os.dup(3))
        self.bell = socket.socket(fileno=os.dup(4))
        os.close(3)
        os.close(4)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        # What surely fits into the socket's buffer, whose size Linux tells twofold.
        self.room = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) // 4

    def send(self, rings, size, *parts):
        """Sends a message, with its bell where Node wants one. One that the buffer does not hold is told of first: Node reads it as it comes."""
        if rings and size > self.room:
            self.bell.sendall(b"!")
        for part in parts:
            self.socket.sendall(part)
        if rings and size <= self.room:
            self.bell.sendall(b"!")

    def receive(self, buffer):
        """Fills a buffer. False: the other side has closed."""
        view = memoryview(buffer)
        while len(view) > 0:
            got = self.socket.recv_into(view)
            if got == 0:
                return False
            view = view[got:]
        return True


class Batch:
    """What a request's rows gave, in the bytes that are sent."""

    def __init__(self, count, flattener, actions, masked):
        import numpy as np

        size, n = flattener.size, actions.n if masked else 0
        self.count = count
        width = size * flattener.dtype.itemsize
        self.bytes = bytearray(REPLY.size + count * (8 + width + n + 1))
        at = REPLY.size
        self.rewards = np.frombuffer(self.bytes, np.float64, count, at)
        at += 8 * count
        self.observations = np.frombuffer(self.bytes, flattener.dtype, count * size, at).reshape(count, size)
        at += width * count
        self.masks = np.frombuffer(self.bytes, np.uint8, count * n, at).reshape(count, n) if masked else None
        at += n * count
        self.flags = np.frombuffer(self.bytes, np.uint8, count, at)
        self.width, self.n, self.dtype, self.size = width, n, flattener.dtype, size
        self.sections = []

    def clear(self):
        self.rewards[:] = 0
        self.flags[:] = 0
        self.sections.clear()

    def mask(self, i):
        return None if self.masks is None else self.masks[i]

    def fail(self, i, error):
        """A row's environment raised: its copy is given up."""
        self.flags[i] = 4
        self.section(FAILED, i, told(error)[:MOST_TEXT].encode("utf-8", "replace"))

    def tell(self, i, numbers):
        """What a row's episode told in its infos."""
        data = bytearray()
        for name, value in list(numbers.items())[:64]:
            text = str(name).encode("utf-8", "replace")[:255]
            data += struct.pack("<dB", value, len(text)) + text
        if data:
            self.section(TOLD, i, data)

    def begin(self, i, row, rows):
        """Begins the next episode of a row, whose first observation goes along."""
        import numpy as np

        data = bytearray(self.width + self.n)
        observation = np.frombuffer(data, self.dtype, self.size)
        mask = np.frombuffer(data, np.uint8, self.n, self.width) if self.masks is not None else None
        try:
            rows.begin(row, None, observation, mask)
            self.section(BEGUN, i, data)
        except Exception as error:
            rows.drop(row)
            self.section(NOT_BEGUN, i, told(error)[:MOST_TEXT].encode("utf-8", "replace"))

    def section(self, kind, index, data):
        self.sections.append(SECTION.pack(kind, index, len(data)))
        self.sections.append(data)


class Worker:
    def __init__(self, channel, rows, masked, printed):
        self.channel = channel
        self.rows = rows
        self.masked = masked
        self.printed = printed
        self.batches = {}

    def run(self):
        """Answers requests until the other side closes."""
        header = bytearray(REQUEST.size)
        while self.channel.receive(header):
            magic, kind, rings, sequence, count, size = REQUEST.unpack(header)
            data = bytearray(size)
            if magic != MAGIC or not self.channel.receive(data):
                break
            self.answer(kind, rings, sequence, count, data)

    def answer(self, kind, rings, sequence, count, data):
        import numpy as np

        if kind == REMOVE:
            for row in np.frombuffer(data, np.uint32, count):
                self.rows.drop(int(row))
        rendered = int(np.frombuffer(data, np.uint32, 1)[0]) if kind == RENDER else None
        if kind in (REMOVE, RENDER):
            count = 0
        batch = self.batches.get(count)
        if batch is None:
            if len(self.batches) > 8:
                self.batches.clear()
            batch = Batch(count, self.rows.flattener, self.rows.actions, self.masked)
            self.batches[count] = batch
        batch.clear()
        if kind == RESET:
            self.reset(np.frombuffer(data, np.uint32, count).tolist(), np.frombuffer(data[4 * count :], np.int64, count), batch)
        elif kind == STEP:
            rows = np.frombuffer(data, np.uint32, count).tolist()
            self.step(rows, np.frombuffer(data, np.int32, count, 4 * count).tolist(), batch)
        elif rendered is not None:
            self.render(rendered, batch)
        self.send(DONE, rings, sequence, batch)

    def reset(self, rows, seeds, batch):
        for i, row in enumerate(rows):
            seed = int(seeds[i])
            try:
                self.rows.begin(row, None if seed < 0 else seed, batch.observations[i], batch.mask(i))
            except Exception as error:
                batch.fail(i, error)

    def step(self, rows, actions, batch):
        try:
            self.rows.step(rows, actions, batch)
        except Exception as error:
            batch.clear()
            for i, row in enumerate(rows):
                self.rows.drop(row)
                batch.fail(i, error)

    def render(self, row, batch):
        from qfleet_frames import frame_of

        try:
            height, width, pixels = frame_of(self.rows.envs[row])
            batch.section(FRAME, 0, struct.pack("<II", width, height) + pixels)
        except Exception as error:
            batch.section(NO_FRAME, 0, told(error)[:MOST_TEXT].encode("utf-8", "replace"))

    def send(self, kind, rings, sequence, batch):
        line = self.printed.take()
        if line is not None:
            batch.section(SAID, 0, line[:MOST_TEXT].encode("utf-8", "replace"))
        tail = b"".join(batch.sections)
        size = len(batch.bytes) - REPLY.size + len(tail)
        REPLY.pack_into(batch.bytes, 0, MAGIC, kind, sequence, batch.count, size, batch.width, batch.n, len(tail))
        self.channel.send(rings, size, batch.bytes, *([tail] if tail else []))


def send_text(channel, kind, text):
    data = text.encode("utf-8", "replace")
    channel.send(True, len(data), REPLY.pack(MAGIC, kind, 0, 0, len(data), 0, 0, 0) + data)


class Unable(Exception):
    """The environment can't be had: its text is a sentence for the user."""


def install(what):
    """How something is installed in this Python."""
    return f"{sys.executable} -m pip install {what}"


def find(id):
    """An id as `gymnasium.make` takes it: where it is not registered, the package of its namespace is imported first."""
    import importlib

    import gymnasium

    if ":" in id:
        module = id.split(":", 1)[0]
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise Unable(missing(id, error, module)) from error
    name = id.split(":", 1)[-1]
    if name in gymnasium.registry:
        return name
    namespace = name.rsplit("/", 1)[0] if "/" in name else None
    packages = {"ALE": ["ale_py"]}.get(namespace, [] if namespace is None else [namespace, namespace.lower()])
    for package in dict.fromkeys(packages):
        package = package.replace("-", "_")
        if not package.replace(".", "_").replace("/", "_").isidentifier():
            continue
        try:
            module = importlib.import_module(package.replace("/", "."))
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] == package.split("/")[0]:
                continue
            raise Unable(missing(id, error, package)) from error
        if namespace == "ALE":
            gymnasium.register_envs(module)
        if name in gymnasium.registry:
            return name
        raise Unable(f"the package {package} is there, but importing it registers no {name}{versions(name)}")
    if namespace is not None:
        package = packages[-1].replace("_", "-")
        raise Unable(f"it is not installed: install the package that has it, as in {install(package)}, or name another Python by --python")
    raise Unable(f"Gymnasium knows no such id{versions(name)}; write PACKAGE:{name} for one that a package registers")


def missing(id, error, package):
    if error.name is not None and error.name != package.split(".")[0]:
        return f"importing {package} failed, since {error.name} is not installed: {install(error.name)}"
    return f"the package {package} is not installed: {install(package)}, or name another Python by --python"


def versions(name):
    """The registered ids that are nearest."""
    import difflib

    import gymnasium

    near = difflib.get_close_matches(name, list(gymnasium.registry), 3, 0.6)
    return f" (did you mean {', '.join(near)}?)" if near else ""


def open_environment(options):
    """@returns what steps the rows, whether there are masks, and what Node is told."""
    try:
        import gymnasium
        import numpy
    except ModuleNotFoundError as error:
        raise Unable(f"{sys.executable} has no {error.name}: {install(options['gymnasium'])}") from error
    from qfleet_copies import Copies
    from qfleet_spaces import Actions, Untranslatable, describe

    gymnasium.logger.min_level = gymnasium.logger.ERROR
    name = find(options["id"])
    kwargs, atari = options["kwargs"], options["atari"]
    make = lambda: gymnasium.make(name, disable_env_checker=True, **kwargs)  # noqa: E731
    if options["frames"] and atari is None:
        from qfleet_frames import rendering

        make = rendering(make, lambda: gymnasium.make(name, disable_env_checker=True, **{**kwargs, "render_mode": "rgb_array"}))
    vector = None
    if atari is not None:
        import qfleet_atari

        vector = qfleet_atari.vector_class(atari)
        make = lambda: qfleet_atari.make_one(name, atari)  # noqa: E731
    try:
        spare = make()
    except gymnasium.error.DependencyNotInstalled as error:
        raise Unable(f"{' '.join(str(error).split())} (its Python is {sys.executable})") from error
    except ModuleNotFoundError as error:
        raise Unable(f"{error.name} is not installed: {install(error.name)}") from error
    except Exception as error:
        raise Unable(f"it cannot be made: {told(error)}") from error
    try:
        observation = describe(spare.observation_space)
        actions = Actions(spare.action_space)
    except Untranslatable as error:
        raise Unable(str(error)) from error
    masked = False
    if atari is None:
        try:
            _, info = spare.reset(seed=0)
        except Exception as error:
            raise Unable(f"its first reset failed: {told(error)}") from error
        masked = info.get("action_mask") is not None
    spec = spare.spec
    limit = None if spec is None else spec.max_episode_steps
    threshold = None if spec is None else spec.reward_threshold
    description = {
        "observation": observation,
        "actions": actions.counts,
        "masked": masked,
        "maxEpisodeSteps": limit if isinstance(limit, int) and limit > 0 else None,
        "solvedReturn": float(threshold) if threshold is not None else None,
        "vector": vector is not None,
        "versions": {"python": sys.version.split()[0], "gymnasium": gymnasium.__version__, "numpy": numpy.__version__},
    }
    if atari is not None:
        import ale_py

        description["versions"]["ale-py"] = ale_py.__version__
        description["actionNames"] = [str(each) for each in spare.unwrapped.get_action_meanings()]
    if vector is None or not options["vector"]:
        return Copies(make, spare, begins_ahead=not options["frames"]), masked, description
    from qfleet_atari import AtariRows

    game = spare.unwrapped._game
    spare_spaces = spare
    spare.close()

    def make_vector(lanes):
        return vector(
            game,
            lanes,
            num_threads=min(lanes, options["threads"]),
            max_num_frames_per_episode=atari["max_frames"],
            repeat_action_probability=atari["sticky"],
            full_action_space=atari["full_action_space"],
            frameskip=atari["frame_skip"],
            noop_max=atari["no_ops"],
            episodic_life=atari["life_loss"],
            stack_num=1,
            reward_clipping=False,
            use_fire_reset=False,
        )

    return AtariRows(make_vector, spare_spaces), masked, description


def die_with_parent():
    """Linux ends this process where its parent ends in the midst of a step."""
    try:
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    except Exception:
        # Elsewhere it ends at its next message.
        pass


def main():
    import json
    import signal

    die_with_parent()
    # The terminal's Ctrl-C reaches every process: Node decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel()
    sys.stdout = printed = Printed()
    sys.stderr = Words()
    # The user's packages lie in the working folder, as for a script of theirs; ours are imported by name.
    sys.path.append(HERE)
    sys.path[0] = os.getcwd()
    options = json.loads(sys.argv[1])
    try:
        rows, masked, description = open_environment(options)
    except Unable as error:
        send_text(channel, UNABLE, str(error))
        return
    except Exception as error:
        send_text(channel, UNABLE, f"its worker failed: {told(error)}")
        return
    send_text(channel, HELLO, json.dumps(description, allow_nan=False))
    try:
        Worker(channel, rows, masked, printed).run()
    except (BrokenPipeError, ConnectionResetError):
        # Node has ended.
        pass
    finally:
        rows.close()


if __name__ == "__main__":
    main()
