import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame } from './frame.ts';
import { graph, stat } from './panels.ts';

/** The servers that hold the run. */
export function redis(): DashboardBuilder {
  return frame(
    'redis',
    'Redis',
    'The servers that hold the run: memory, CPU, traffic, connections, round trips',
  )
    .withPanel(stat('Answers', 'bool_yes_no', 'qfleet_exporter_redis_up{run="$run"}'))
    .withPanel(stat('Up for', 's', 'time() - qfleet_redis_start_time_seconds{run="$run"}'))
    .withPanel(stat('Memory', 'bytes', 'sum(qfleet_redis_used_memory_bytes{run="$run"})'))
    .withPanel(
      stat(
        'Of its limit',
        'percentunit',
        'run_server:qfleet_redis_memory:ratio{run="$run"}',
        'Nothing: it has no limit',
      ).noValue('no limit'),
    )
    .withPanel(stat('Connections', 'none', 'sum(qfleet_redis_clients{run="$run"})'))
    .withPanel(stat('Round trip', 's', 'qfleet_exporter_redis_round_trip_seconds{run="$run"}', 'Of a PING'))
    .withRow(new RowBuilder('Memory'))
    .withPanel(
      graph('Memory', 'bytes', [
        { expr: 'qfleet_redis_used_memory_bytes{run="$run"}', legend: 'used, server {{server}}' },
        { expr: 'qfleet_redis_resident_memory_bytes{run="$run"}', legend: 'resident, server {{server}}' },
        { expr: 'qfleet_redis_max_memory_bytes{run="$run"} > 0', legend: 'limit, server {{server}}' },
        { expr: 'qfleet_replay_size_bytes{run="$run"}', legend: 'chunks of the replay' },
      ]).min(0),
    )
    .withPanel(
      graph('Connections', 'none', [
        { expr: 'qfleet_redis_clients{run="$run"}', legend: 'server {{server}}' },
      ]).min(0),
    )
    .withRow(new RowBuilder('Work'))
    .withPanel(
      graph(
        'CPU',
        'none',
        [
          {
            expr: 'rate(qfleet_redis_cpu_seconds_total{run="$run"}[$__rate_interval])',
            legend: 'server {{server}}',
          },
        ],
        'Cores; commands run on one',
      ).min(0),
    )
    .withPanel(
      graph('Commands', 'ops', [
        {
          expr: 'rate(qfleet_redis_commands_total{run="$run"}[$__rate_interval])',
          legend: 'server {{server}}',
        },
      ]).min(0),
    )
    .withPanel(
      graph('Traffic', 'Bps', [
        {
          expr: 'rate(qfleet_redis_input_bytes_total{run="$run"}[$__rate_interval])',
          legend: 'in, server {{server}}',
        },
        {
          expr: 'rate(qfleet_redis_output_bytes_total{run="$run"}[$__rate_interval])',
          legend: 'out, server {{server}}',
        },
      ]).min(0),
    )
    .withPanel(
      graph('Round trip of heartbeats', 's', [
        { expr: 'qfleet_process_redis_round_trip_seconds{run="$run"}', legend: '{{role}} {{id}}' },
      ]).min(0),
    );
}
