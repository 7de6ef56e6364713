import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame } from './frame.ts';
import { graph, heatmap, stat } from './panels.ts';

/** Does it learn. */
export function learning(): DashboardBuilder {
  return frame('learning', 'Learning', 'Does it learn: returns, loss, TD errors, Q-values, evaluations')
    .withPanel(
      stat(
        'Evaluation',
        'short',
        'qfleet_evaluator_return_mean{run="$run"}',
        'Mean greedy return of the newest',
      ),
    )
    .withPanel(stat('Training return', 'short', 'qfleet_fleet_return_mean{run="$run"}'))
    .withPanel(stat('Episodes', 'short', 'qfleet_fleet_episodes_total{run="$run"}'))
    .withPanel(stat('Env steps', 'short', 'qfleet_fleet_environment_steps_total{run="$run"}'))
    .withPanel(stat('Updates', 'short', 'qfleet_learner_position_updates{run="$run"}'))
    .withPanel(stat('Weights', 'none', 'qfleet_learner_weights_version{run="$run"}', 'Version of the newest'))
    .withRow(new RowBuilder('Returns'))
    .withPanel(
      graph('Mean return', 'short', [
        { expr: 'qfleet_fleet_return_mean{run="$run"}', legend: 'training, exploring' },
        { expr: 'qfleet_evaluator_return_mean{run="$run"}', legend: 'evaluation, greedy' },
      ]),
    )
    .withPanel(
      heatmap(
        'Returns of training episodes',
        'sum by (le) (increase(qfleet_fleet_episode_return_bucket{run="$run"}[$__rate_interval]))',
      ),
    )
    .withPanel(
      graph(
        'Numbers of the environment',
        'short',
        [
          { expr: 'qfleet_actor_info_mean{run="$run"}', legend: '{{name}}, training' },
          { expr: 'qfleet_evaluator_info_mean{run="$run"}', legend: '{{name}}, evaluation' },
        ],
        'What steps tell in info: the mean over episodes of each one’s last. Environments that tell none have no line.',
      ),
    )
    .withRow(new RowBuilder('Updates'))
    .withPanel(graph('Loss', 'short', [{ expr: 'qfleet_learner_loss{run="$run"}', legend: 'loss' }]))
    .withPanel(
      graph('Mean |TD error|', 'short', [
        { expr: 'qfleet_learner_abs_td_error_mean{run="$run"}', legend: '|TD error|' },
      ]),
    )
    .withPanel(
      graph(
        'Mean Q',
        'short',
        [{ expr: 'qfleet_learner_q_mean{run="$run"}', legend: 'Q' }],
        'Above any return that the environment can give, discounted: values are overestimated.',
      ),
    )
    .withPanel(
      graph('Gradient norm, before clipping', 'short', [
        { expr: 'qfleet_learner_gradient_norm{run="$run"}', legend: 'norm' },
      ]),
    )
    .withRow(new RowBuilder('Policy and evaluation'))
    .withPanel(
      graph('Epsilon by actor', 'percentunit', [
        { expr: 'qfleet_actor_epsilon{run="$run"}', legend: '{{actor}}' },
      ]).min(0),
    )
    .withPanel(
      graph(
        'Staleness of weights',
        'none',
        [{ expr: 'qfleet_actor_weights_staleness_versions{run="$run"}', legend: '{{actor}}' }],
        'Versions behind the newest',
      ).min(0),
    )
    .withPanel(
      graph(
        'Utterances',
        'ops',
        [
          { expr: 'rate(qfleet_actor_utterances_total{run="$run"}[$__rate_interval])', legend: 'said' },
          { expr: 'rate(qfleet_actor_cut_utterances_total{run="$run"}[$__rate_interval])', legend: 'cut' },
        ],
        'Where the agent speaks. Those that did not end were cut at their longest.',
      ).min(0),
    )
    .withPanel(
      graph('Weights and checkpoints', 'ops', [
        {
          expr: 'rate(qfleet_learner_published_weights_total{run="$run"}[$__rate_interval])',
          legend: 'weights published',
        },
        {
          expr: 'rate(qfleet_learner_checkpoints_total{run="$run"}[$__rate_interval])',
          legend: 'checkpoints',
        },
      ]).min(0),
    )
    .withPanel(
      graph(
        'Publishing weights',
        'Bps',
        [
          {
            expr: 'rate(qfleet_learner_published_weights_bytes_total{run="$run"}[$__rate_interval])',
            legend: 'bytes',
          },
        ],
        'What publications send to Redis',
      ).min(0),
    )
    .withPanel(
      graph(
        'Time of publishing weights',
        'percentunit',
        [
          {
            expr: 'rate(qfleet_learner_publish_seconds_total{run="$run"}[$__rate_interval])',
            legend: 'share of the time',
          },
        ],
        'Updates go on meanwhile',
      ).min(0),
    )
    .withPanel(
      graph('Evaluations', 'short', [
        { expr: 'qfleet_evaluator_evaluations_total{run="$run"}', legend: 'reported' },
        { expr: 'qfleet_evaluator_failures_total{run="$run"}', legend: 'failed' },
      ]).min(0),
    );
}
