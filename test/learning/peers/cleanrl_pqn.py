"""PQN as a single file in the shape of CleanRL's pqn.py, with its settings; written for this comparison.

An episode that was truncated counts as ended, as there.
"""

import gymnasium
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from harness import Run

LEARNING_RATE = 2.5e-4
COPIES = 4
STEPS = 128
MINIBATCHES = 4
EPOCHS = 4
DISCOUNT = 0.99
LAMBDA = 0.65
EPSILON_FROM, EPSILON_TO, EPSILON_FRACTION = 1.0, 0.05, 0.5
LARGEST_NORM = 10.0


def layer(inputs, outputs):
    linear = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(linear.weight, np.sqrt(2))
    nn.init.zeros_(linear.bias)
    return linear


def q_network(inputs, actions):
    return nn.Sequential(
        layer(inputs, 120), nn.LayerNorm(120), nn.ReLU(),
        layer(120, 84), nn.LayerNorm(84), nn.ReLU(),
        layer(84, actions),
    )


def main():
    run = Run(frames=500_000)
    envs = gymnasium.vector.SyncVectorEnv(
        [lambda: gymnasium.wrappers.RecordEpisodeStatistics(gymnasium.make(run.id))] * COPIES,
        autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP,
    )
    inputs, actions = envs.single_observation_space.shape[0], int(envs.single_action_space.n)
    network = q_network(inputs, actions)
    optimizer = torch.optim.RAdam(network.parameters(), lr=LEARNING_RATE)

    size = COPIES * STEPS
    rounds = max(1, run.frames // size)
    states = torch.zeros(STEPS, COPIES, inputs)
    taken = torch.zeros(STEPS, COPIES, dtype=torch.int64)
    rewards, dones, values = (torch.zeros(STEPS, COPIES) for _ in range(3))

    frames = updates = 0
    state = torch.as_tensor(envs.reset(seed=run.seed)[0])
    done = torch.zeros(COPIES)
    run.begin(network)
    for round in range(rounds):
        optimizer.param_groups[0]["lr"] = (1 - round / rounds) * LEARNING_RATE
        for step in range(STEPS):
            frames += COPIES
            states[step], dones[step] = state, done
            progress = frames / (EPSILON_FRACTION * run.frames)
            epsilon = max(EPSILON_FROM + (EPSILON_TO - EPSILON_FROM) * progress, EPSILON_TO)
            with torch.no_grad():
                values[step], greedy = network(state).max(1)
            explores = torch.rand(COPIES) < epsilon
            action = torch.where(explores, torch.randint(0, actions, (COPIES,)), greedy)
            taken[step] = action
            after, reward, terminated, truncated, _ = envs.step(action.numpy())
            rewards[step] = torch.as_tensor(reward)
            state = torch.as_tensor(after)
            done = torch.as_tensor(terminated | truncated, dtype=torch.float32)

        with torch.no_grad():
            returns = torch.zeros(STEPS, COPIES)
            returns[-1] = rewards[-1] + DISCOUNT * network(state).max(1).values * (1 - done)
            for t in reversed(range(STEPS - 1)):
                mixed = LAMBDA * returns[t + 1] + (1 - LAMBDA) * values[t + 1]
                returns[t] = rewards[t] + DISCOUNT * mixed * (1 - dones[t + 1])

        flat = states.reshape(size, inputs), taken.reshape(size, 1), returns.reshape(size)
        for _ in range(EPOCHS):
            for rows in torch.randperm(size).chunk(MINIBATCHES):
                chosen = network(flat[0][rows]).gather(1, flat[1][rows]).squeeze(1)
                loss = F.mse_loss(chosen, flat[2][rows])
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(network.parameters(), LARGEST_NORM)
                optimizer.step()
                updates += 1
        if run.is_over(frames, updates):
            break
    run.finish()


main()
