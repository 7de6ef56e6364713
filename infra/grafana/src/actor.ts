import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame, labelVariable } from './frame.ts';
import { graph, stat } from './panels.ts';

const mine = 'run="$run",actor="$actor"';
/** The same process, in the metrics that all roles have. */
const process = 'run="$run",role="actor",id="$actor"';

/** One process of the fleet that plays. */
export function oneActor(): DashboardBuilder {
  return frame('actor', 'One actor', 'One actor process: its speed, weights, buffers, memory and event loop')
    .withVariable(labelVariable('actor', 'actor', 'qfleet_actor_slots{run="$run"}'))
    .withPanel(stat('Slots', 'none', `qfleet_actor_slots{${mine}}`))
    .withPanel(stat('Epsilon', 'percentunit', `qfleet_actor_epsilon{${mine}}`, 'Mean of its slots'))
    .withPanel(stat('Weights', 'none', `qfleet_actor_weights_version{${mine}}`, 'Version that it plays with'))
    .withPanel(stat('Behind', 'none', `qfleet_actor_weights_staleness_versions{${mine}}`, 'Versions'))
    .withPanel(stat('Buffered', 'short', `qfleet_actor_buffered_transitions{${mine}}`, 'Transitions'))
    .withPanel(stat('Up for', 's', `time() - qfleet_process_start_time_seconds{${process}}`))
    .withRow(new RowBuilder('Play'))
    .withPanel(
      graph('Env steps', 'ops', [
        {
          expr: `rate(qfleet_actor_environment_steps_total{${mine}}[$__rate_interval])`,
          legend: 'this actor',
        },
        {
          expr: 'avg(rate(qfleet_actor_environment_steps_total{run="$run"}[$__rate_interval]))',
          legend: 'mean of all actors',
        },
      ]).min(0),
    )
    .withPanel(
      graph('Weights', 'none', [
        { expr: `qfleet_actor_weights_version{${mine}}`, legend: 'this actor' },
        { expr: 'qfleet_learner_weights_version{run="$run"}', legend: 'newest' },
      ]),
    )
    .withPanel(
      graph('Buffered transitions', 'short', [
        { expr: `qfleet_actor_buffered_transitions{${mine}}`, legend: 'waiting to be pushed' },
      ]).min(0),
    )
    .withRow(new RowBuilder('Process'))
    .withPanel(
      graph('CPU', 'none', [
        { expr: `rate(qfleet_process_cpu_seconds_total{${process}}[$__rate_interval])`, legend: 'cores' },
      ]).min(0),
    )
    .withPanel(
      graph('Memory', 'bytes', [
        { expr: `qfleet_process_resident_memory_bytes{${process}}`, legend: 'resident' },
        { expr: `qfleet_process_heap_used_bytes{${process}}`, legend: 'JavaScript heap' },
      ]).min(0),
    )
    .withPanel(
      graph('Event loop lag and round trip', 's', [
        { expr: `qfleet_process_event_loop_lag_seconds{${process}}`, legend: 'event loop lag' },
        { expr: `qfleet_process_redis_round_trip_seconds{${process}}`, legend: 'round trip to Redis' },
      ]).min(0),
    );
}
