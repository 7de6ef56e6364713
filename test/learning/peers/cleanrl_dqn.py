"""DQN as a single file in the shape of CleanRL's dqn.py, with its settings; written for this comparison."""

import random

import gymnasium
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from harness import Run

LEARNING_RATE = 2.5e-4
BUFFER = 10_000
DISCOUNT = 0.99
TARGET_EVERY = 500
BATCH = 128
EPSILON_FROM, EPSILON_TO, EPSILON_FRACTION = 1.0, 0.05, 0.5
LEARNING_STARTS = 10_000
TRAIN_EVERY = 10


def q_network(inputs, actions):
    return nn.Sequential(
        nn.Linear(inputs, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, actions)
    )


def main():
    run = Run(frames=500_000)
    random.seed(run.seed)
    envs = gymnasium.vector.SyncVectorEnv(
        [lambda: gymnasium.wrappers.RecordEpisodeStatistics(gymnasium.make(run.id))],
        autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP,
    )
    envs.single_action_space.seed(run.seed)
    inputs, actions = envs.single_observation_space.shape[0], int(envs.single_action_space.n)
    online, target = q_network(inputs, actions), q_network(inputs, actions)
    target.load_state_dict(online.state_dict())
    optimizer = torch.optim.Adam(online.parameters(), lr=LEARNING_RATE)

    states = np.zeros((BUFFER, inputs), np.float32)
    following = np.zeros((BUFFER, inputs), np.float32)
    taken = np.zeros((BUFFER, 1), np.int64)
    rewards = np.zeros(BUFFER, np.float32)
    terminals = np.zeros(BUFFER, np.float32)

    updates = 0
    observation, _ = envs.reset(seed=run.seed)
    run.begin(online)
    for step in range(run.frames):
        progress = step / (EPSILON_FRACTION * run.frames)
        epsilon = max(EPSILON_FROM + (EPSILON_TO - EPSILON_FROM) * progress, EPSILON_TO)
        if random.random() < epsilon:
            action = np.array([envs.single_action_space.sample()])
        else:
            with torch.no_grad():
                action = online(torch.as_tensor(observation)).argmax(1).numpy()
        after, reward, terminated, truncated, infos = envs.step(action)

        at = step % BUFFER
        states[at], taken[at], rewards[at], terminals[at] = observation[0], action, reward[0], terminated[0]
        # After an end, `after` is the first observation of the next episode.
        following[at] = infos["final_obs"][0] if terminated[0] or truncated[0] else after[0]
        observation = after

        if step > LEARNING_STARTS:
            if step % TRAIN_EVERY == 0:
                rows = np.random.randint(0, min(step + 1, BUFFER), BATCH)
                with torch.no_grad():
                    values = target(torch.as_tensor(following[rows])).max(1).values
                    live = 1 - torch.as_tensor(terminals[rows])
                    goal = torch.as_tensor(rewards[rows]) + DISCOUNT * values * live
                chosen = online(torch.as_tensor(states[rows])).gather(1, torch.as_tensor(taken[rows])).squeeze(1)
                loss = F.mse_loss(chosen, goal)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                updates += 1
            if step % TARGET_EVERY == 0:
                target.load_state_dict(online.state_dict())
        if run.is_over(step + 1, updates):
            break
    run.finish()


main()
