"""Stable-Baselines3's DQN with RL Baselines3 Zoo's settings for CartPole-v1 (hyperparams/dqn.yml).

The task's `nSteps` is the library's own n_steps, of which the Zoo says nothing: 1.
"""

from harness import Run

from stable_baselines3 import DQN
from stable_baselines3.common.callbacks import BaseCallback


class Watch(BaseCallback):
    def __init__(self, run):
        super().__init__()
        self.run = run

    def _on_step(self):
        # Also where the gradient steps that are due now are still to come.
        return not self.run.is_over(self.num_timesteps, self.model._n_updates)


def main():
    run = Run(frames=50_000)
    model = DQN(
        "MlpPolicy",
        run.id,
        learning_rate=2.3e-3,
        batch_size=64,
        buffer_size=100_000,
        learning_starts=1_000,
        gamma=0.99,
        target_update_interval=10,
        train_freq=256,
        gradient_steps=128,
        exploration_fraction=0.16,
        exploration_final_eps=0.04,
        policy_kwargs={"net_arch": [256, 256]},
        n_steps=run.task["nSteps"],
        seed=run.seed,
        device="cpu",
    )
    run.begin(model.q_net)
    model.learn(total_timesteps=run.frames, callback=Watch(run))
    run.finish()


main()
