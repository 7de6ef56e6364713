import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame } from './frame.ts';
import { graph, stat } from './panels.ts';

/** What goes into the replay, what is in it, and what comes out. */
export function replay(): DashboardBuilder {
  return frame('replay', 'Replay', 'What goes into the replay, what is in it, and what comes out')
    .withPanel(stat('Transitions', 'short', 'qfleet_replay_transitions{run="$run"}'))
    .withPanel(
      stat(
        'Fill',
        'percentunit',
        'run:qfleet_replay_fill:ratio{run="$run"}',
        'Of its capacity in transitions',
      ),
    )
    .withPanel(stat('Bytes', 'bytes', 'qfleet_replay_size_bytes{run="$run"}'))
    .withPanel(
      stat(
        'A transition',
        'bytes',
        'qfleet_replay_size_bytes{run="$run"} / (qfleet_replay_transitions{run="$run"} > 0)',
      ),
    )
    .withPanel(stat('Chunks', 'short', 'qfleet_replay_chunks{run="$run"}'))
    .withPanel(
      stat(
        'Samples an insert',
        'short',
        'qfleet_replay_samples_per_insert_ratio{run="$run"}',
        'Over the whole run',
      ),
    )
    .withRow(new RowBuilder('Flow'))
    .withPanel(
      graph('Transitions in and out', 'ops', [
        {
          expr: 'rate(qfleet_replay_pushed_transitions_total{run="$run"}[$__rate_interval])',
          legend: 'pushed',
        },
        {
          expr: 'rate(qfleet_replay_sampled_transitions_total{run="$run"}[$__rate_interval])',
          legend: 'sampled',
        },
        {
          expr: 'rate(qfleet_replay_evicted_transitions_total{run="$run"}[$__rate_interval])',
          legend: 'evicted',
        },
      ]).min(0),
    )
    .withPanel(
      graph('Samples an insert', 'short', [
        { expr: 'run:qfleet_samples_per_insert:ratio5m{run="$run"}', legend: 'last 5 minutes' },
        { expr: 'qfleet_replay_samples_per_insert_ratio{run="$run"}', legend: 'whole run' },
        { expr: 'qfleet_replay_samples_per_insert_target_ratio{run="$run"}', legend: 'configured' },
      ]).min(0),
    )
    .withRow(new RowBuilder('Content'))
    .withPanel(
      graph('Fill', 'percentunit', [
        { expr: 'run:qfleet_replay_fill:ratio{run="$run"}', legend: 'of the transitions' },
        { expr: 'run:qfleet_replay_fill_bytes:ratio{run="$run"}', legend: 'of the bytes' },
      ]).min(0),
    )
    .withPanel(
      graph(
        'Time a transition stays',
        's',
        [
          {
            expr:
              'qfleet_replay_transitions{run="$run"} / ' +
              '(rate(qfleet_replay_evicted_transitions_total{run="$run"}[$__rate_interval]) > 0)',
            legend: 'age at eviction',
          },
        ],
        'Known once the replay is full',
      ).min(0),
    )
    .withRow(new RowBuilder('Losses'))
    .withPanel(
      graph(
        'Refused and dropped',
        'short',
        [
          { expr: 'qfleet_replay_refused_chunks_total{run="$run"}', legend: 'chunks refused: {{reason}}' },
          { expr: 'qfleet_replay_refused_processes_total{run="$run"}', legend: 'processes refused' },
          { expr: 'qfleet_actor_refused_weights_total{run="$run"}', legend: 'weights refused' },
          { expr: 'qfleet_fleet_records_refused_total{run="$run"}', legend: 'records refused: {{record}}' },
          { expr: 'qfleet_actor_dropped_transitions_total{run="$run"}', legend: 'transitions dropped' },
          { expr: 'qfleet_actor_environment_errors_total{run="$run"}', legend: 'environment errors' },
          {
            expr: 'qfleet_actor_environment_worker_restarts_total{run="$run"}',
            legend: 'environment workers started again',
          },
          { expr: 'qfleet_actor_info_refused_total{run="$run"}', legend: 'numbers of info refused' },
          { expr: 'qfleet_actor_taken_names_total{run="$run"}', legend: "actors' names taken" },
        ],
        'All should stay at 0',
      ).min(0),
    )
    .withPanel(
      graph(
        'Buffered in actors',
        'short',
        [{ expr: 'qfleet_actor_buffered_transitions{run="$run"}', legend: '{{actor}}' }],
        'Grows while Redis is away',
      ).min(0),
    );
}
