"""What rliable says of some scores: writes statistics.json. pip install rliable==1.2.0 pandas==2.3.3, then python3 make_statistics.py.

Scores of one task, a run each. The bootstraps draw 50,000 times, so that their intervals are known to two digits.
"""
import json
import pathlib
import numpy as np
from rliable import library, metrics

GOAL, REPETITIONS = 475.0, 50_000
SCORES = {
    'a': [500.0, 481.25, 312.5, 498.125, 220.75, 475.0],
    'b': [450.5, 312.5, 109.0, 500.0, 333.3333333333333],
    'c': [500.0, 500.0, 500.0],
    'd': [-112.5, -98.75, -200.0, -104.0],
}
PAIRS = [('a', 'b'), ('b', 'a'), ('a', 'c'), ('c', 'c'), ('b', 'd')]
THRESHOLDS = [-200.0, -100.0, 0.0, 220.75, 312.5, 400.0, 475.0, 499.0, 500.0]

# rliable takes runs x tasks.
columns = {name: np.array(scores).reshape(-1, 1) for name, scores in SCORES.items()}
aggregates = lambda x: np.array([metrics.aggregate_iqm(x), metrics.aggregate_optimality_gap(x, GOAL)])
probability = lambda x, y: np.array([metrics.probability_of_improvement(x, y)])

points, intervals = library.get_interval_estimates(columns, aggregates, reps=REPETITIONS, random_state=np.random.RandomState(1))
pairs, pair_intervals = library.get_interval_estimates(
    {f'{x},{y}': (columns[x], columns[y]) for x, y in PAIRS}, probability, reps=REPETITIONS, random_state=np.random.RandomState(1))
profiles, profile_intervals = library.create_performance_profile(
    columns, np.array(THRESHOLDS), reps=5_000)

document = {
    'goal': GOAL,
    'scores': SCORES,
    'thresholds': THRESHOLDS,
    'groups': {
        name: {
            'iqm': float(points[name][0]),
            'iqmInterval': [float(bound) for bound in intervals[name][:, 0]],
            'optimalityGap': float(points[name][1]),
            'optimalityGapInterval': [float(bound) for bound in intervals[name][:, 1]],
            'profile': [float(fraction) for fraction in profiles[name]],
            'profileIntervals': [[float(low), float(high)] for low, high in profile_intervals[name].T],
        }
        for name in SCORES
    },
    'pairs': [
        {
            'these': x,
            'others': y,
            'probability': float(pairs[f'{x},{y}'][0]),
            'interval': [float(bound) for bound in pair_intervals[f'{x},{y}'][:, 0]],
        }
        for x, y in PAIRS
    ],
}
path = pathlib.Path(__file__).with_name('statistics.json')
path.write_text(json.dumps(document, indent=1) + '\n')
