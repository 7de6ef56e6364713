"""DQN with the settings of MinAtar's paper (Young and Tian, 2019), in PyTorch on the `minatar` package: an update a frame."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from harness import Run, make

BATCH = 32
REPLAY = 100_000
REPLAY_STARTS = 5_000
TARGET_EVERY = 1_000
DISCOUNT = 0.99
EPSILON_FROM, EPSILON_TO, EPSILON_FRAMES = 1.0, 0.1, 100_000
# RMSProp, centred, with the smallest mean square inside the quotient.
LEARNING_RATE, SQUARES_DECAY, SMALLEST_SQUARE = 2.5e-4, 0.95, 0.01


class QNetwork(nn.Module):
    """16 filters of 3×3 and 128 units, on grids [rows, height, width, channels] of zeros and ones."""

    def __init__(self, shape, actions):
        super().__init__()
        height, width, channels = shape
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 16, 3), nn.ReLU(), nn.Flatten(),
            nn.Linear((height - 2) * (width - 2) * 16, 128), nn.ReLU(), nn.Linear(128, actions),
        )

    def forward(self, grids):
        return self.layers(grids.permute(0, 3, 1, 2))


def tensor(grids):
    return torch.as_tensor(grids, dtype=torch.float32)


def main():
    run = Run(frames=5_000_000)
    exploring = EPSILON_FRAMES * run.task["part"]
    random = np.random.default_rng(run.seed)
    env = make(run.id)
    actions = len(env.actions)
    online, target = QNetwork(env.shape, actions), QNetwork(env.shape, actions)
    target.load_state_dict(online.state_dict())
    optimizer = torch.optim.RMSprop(
        online.parameters(), lr=LEARNING_RATE, alpha=SQUARES_DECAY, centered=True, eps=SMALLEST_SQUARE
    )

    states = np.zeros((REPLAY, *env.shape), bool)
    following = np.zeros((REPLAY, *env.shape), bool)
    taken = np.zeros((REPLAY, 1), np.int64)
    rewards, terminals = np.zeros(REPLAY, np.float32), np.zeros(REPLAY, np.float32)

    updates = 0
    state, _ = env.reset(seed=run.seed)
    run.begin(online)
    for frame in range(run.frames):
        progress = min(1.0, max(0, frame - REPLAY_STARTS) / exploring)
        if random.random() < EPSILON_FROM + (EPSILON_TO - EPSILON_FROM) * progress:
            action = int(random.integers(actions))
        else:
            with torch.no_grad():
                action = int(online(tensor(state[None])).argmax())
        after, reward, terminated, _, _ = env.step(action)
        at = frame % REPLAY
        states[at], taken[at], rewards[at], following[at], terminals[at] = state, action, reward, after, terminated
        state = env.reset()[0] if terminated else after

        if frame >= REPLAY_STARTS:
            rows = random.integers(0, min(frame + 1, REPLAY), BATCH)
            with torch.no_grad():
                values = target(tensor(following[rows])).max(1).values
                goal = torch.as_tensor(rewards[rows]) + DISCOUNT * values * (1 - torch.as_tensor(terminals[rows]))
            chosen = online(tensor(states[rows])).gather(1, torch.as_tensor(taken[rows])).squeeze(1)
            loss = F.smooth_l1_loss(chosen, goal)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            updates += 1
            if updates % TARGET_EVERY == 0:
                target.load_state_dict(online.state_dict())
        if run.is_over(frame + 1, updates):
            break
    run.finish()


main()
