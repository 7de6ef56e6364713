import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { frame } from './frame.ts';
import { graph, stat } from './panels.ts';

/** Does the run go on, how fast, and who waits for whom. */
export function fleetOverview(): DashboardBuilder {
  return frame('fleet', 'Fleet overview', 'Does the run go on, how fast, and who waits for whom')
    .withPanel(stat('Training', 'bool_yes_no', 'max(qfleet_fleet_phase{run="$run",phase="running"})'))
    .withPanel(stat('Actors', 'none', 'qfleet_fleet_processes{run="$run",role="actor"}'))
    .withPanel(stat('Slots held', 'none', 'sum(qfleet_actor_slots{run="$run"})'))
    .withPanel(stat('Env steps', 'ops', 'run:qfleet_environment_steps:rate1m{run="$run"}'))
    .withPanel(stat('Updates', 'ops', 'run:qfleet_updates:rate1m{run="$run"}'))
    .withPanel(
      stat('Return', 'short', 'qfleet_fleet_return_mean{run="$run"}', 'Mean of the last training episodes'),
    )
    .withRow(new RowBuilder('Speed'))
    .withPanel(
      graph('Env steps and updates', 'ops', [
        {
          expr: 'rate(qfleet_fleet_environment_steps_total{run="$run"}[$__rate_interval])',
          legend: 'env steps',
        },
        { expr: 'rate(qfleet_learner_updates_total{run="$run"}[$__rate_interval])', legend: 'updates' },
      ]),
    )
    .withPanel(
      graph('Env steps by actor', 'ops', [
        {
          expr: 'rate(qfleet_actor_environment_steps_total{run="$run"}[$__rate_interval])',
          legend: '{{actor}}',
        },
      ]),
    )
    .withPanel(
      graph(
        'What actors wait for',
        'percentunit',
        [{ expr: 'run_reason:qfleet_actor_wait:ratio5m{run="$run"}', legend: '{{reason}}' }],
        'Share of an actor’s time, on average. ratio: the learner is the slower side, and holds them back. ' +
          'round: the learner learns from what they played.',
      ).min(0),
    )
    .withPanel(
      graph(
        'What the learner waits for',
        'percentunit',
        [{ expr: 'run_reason:qfleet_learner_wait:ratio5m{run="$run"}', legend: '{{reason}}' }],
        'Share of its time. ratio: the actors are the slower side, and more of them would help. ' +
          'redis: batches that it drew ahead had not come in time. round: the actors play one.',
      ).min(0),
    )
    .withPanel(
      graph(
        'Slots missed',
        'ops',
        [
          {
            expr: 'rate(qfleet_learner_missed_slots_total{run="$run"}[$__rate_interval])',
            legend: 'slots',
          },
        ],
        'Of agent.kind pqn: slots that rounds were learned from without, for they came too late or not at all.',
      ).min(0),
    )
    .withRow(new RowBuilder('Processes'))
    .withPanel(
      graph('Living processes', 'none', [
        { expr: 'qfleet_fleet_processes{run="$run"}', legend: '{{role}}' },
      ]).min(0),
    )
    .withPanel(
      graph('Restarts in 5 minutes', 'none', [
        { expr: 'increase(qfleet_fleet_process_restarts_total{run="$run"}[5m])', legend: '{{role}}' },
      ]).min(0),
    )
    .withPanel(
      graph(
        'CPU',
        'none',
        [
          {
            expr: 'rate(qfleet_process_cpu_seconds_total{run="$run"}[$__rate_interval])',
            legend: '{{role}} {{id}}',
          },
        ],
        'Cores',
      ).min(0),
    )
    .withPanel(
      graph('Resident memory', 'bytes', [
        { expr: 'qfleet_process_resident_memory_bytes{run="$run"}', legend: '{{role}} {{id}}' },
      ]).min(0),
    )
    .withPanel(
      graph(
        'Event loop lag',
        's',
        [{ expr: 'qfleet_process_event_loop_lag_seconds{run="$run"}', legend: '{{role}} {{id}}' }],
        'The longest hold in a second',
      ).min(0),
    )
    .withPanel(
      graph('Age of the last heartbeat', 's', [
        { expr: 'qfleet_process_heartbeat_age_seconds{run="$run"}', legend: '{{role}} {{id}}' },
      ]).min(0),
    )
    .withPanel(
      graph('Queues', 'none', [{ expr: 'qfleet_queue_jobs{run="$run"}', legend: '{{queue}} {{state}}' }]).min(
        0,
      ),
    )
    .withPanel(
      graph('Alerts', 'none', [
        { expr: 'sum by (alertname) (ALERTS{alertstate="firing"})', legend: '{{alertname}}' },
      ]).min(0),
    );
}
