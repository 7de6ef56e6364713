import { readdirSync, readFileSync } from 'node:fs';
import { Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import * as colours from '../src/drawing/colours.ts';
import { roadPicture } from '../src/drawing/road.ts';
import {
  allocateObservations,
  createEnvironment,
  defineEnvironment,
  discrete,
  drawEnvironment,
  EnvironmentDefinitionError,
  findEnvironment,
  listEnvironments,
  type Picture,
  stackFrames,
  writeSvg,
} from '../src/index.ts';
import { StraightLane } from '../src/native/highway/straight-lane.ts';

const folder = new URL('../../../docs/environments/pictures/', import.meta.url);

/** Every element of a document of elements, texts and attributes, all closed; the names of those that are open at an end. */
function elementsOf(svg: string): { name: string; attributes: Record<string, string> }[] {
  const open: string[] = [];
  const elements: { name: string; attributes: Record<string, string> }[] = [];
  const token = /<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<&]*")*)(\/?)>|[^<>&]|&(?:amp|lt|gt|quot);/y;
  while (token.lastIndex < svg.length) {
    const at = token.lastIndex;
    const found = token.exec(svg);
    if (found === null) throw new Error(`no XML at ${svg.slice(at, at + 60)}`);
    const [, closing, name, attributes, alone] = found;
    if (name === undefined) continue;
    if (closing === '/') {
      if (open.pop() !== name) throw new Error(`${name} is closed, and is not the last that was opened`);
      continue;
    }
    if (alone !== '/') open.push(name);
    const pairs = [...attributes.matchAll(/ ([a-zA-Z-]+)="([^"]*)"/g)];
    if (new Set(pairs.map(([, key]) => key)).size < pairs.length)
      throw new Error(`${name}: an attribute twice`);
    elements.push({ name, attributes: Object.fromEntries(pairs.map(([, key, value]) => [key, value])) });
  }
  if (open.length > 0) throw new Error(`${open} stays open`);
  return elements;
}

const GEOMETRY = ['x', 'y', 'width', 'height', 'cx', 'cy', 'r', 'd', 'stroke-width', 'viewBox'];

describe.each(listEnvironments().map(({ id }) => id))('%s', (id) => {
  test.each([0, 25])(
    'is drawn after %i steps as XML of finite numbers, the same for the same seed',
    (steps) => {
      const draw = (seed: number) => writeSvg(drawEnvironment(findEnvironment(id), { seed, steps }), id);
      const svg = draw(3);
      expect(draw(3)).toBe(svg);
      expect(svg.length).toBeLessThan(20_480);
      const elements = elementsOf(svg);
      for (const { attributes } of elements) {
        for (const name of GEOMETRY) {
          if (attributes[name] === undefined) continue;
          const numbers = attributes[name].replace(/^M|Z$/g, '').split(/[ MLZ]+/);
          expect(numbers.every((text) => /^-?\d+(\.\d+)?$/.test(text))).toBe(true);
        }
      }
      expect(elements.filter(({ name }) => ['rect', 'circle', 'path'].includes(name)).length).toBeGreaterThan(
        2,
      );
      expect(elements.filter(({ name }) => name === 'title')).toHaveLength(1);
    },
  );
});

test('an environment that moved is drawn elsewhere', () => {
  for (const { id } of listEnvironments()) {
    const after = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((steps) =>
      JSON.stringify(drawEnvironment(findEnvironment(id), { seed: 1, steps })),
    );
    expect(new Set(after).size, id).toBeGreaterThan(1);
  }
});

describe('what is drawn is the state', () => {
  /** The picture of a state that is given. */
  const of = (id: string, state: unknown): Picture => {
    const definition = findEnvironment(id);
    const environment = createEnvironment(definition, new Random(0));
    environment.setState?.(state, allocateObservations(definition.observationSpace));
    return environment.picture!()!;
  };
  const near = (points: readonly (readonly number[])[], expected: readonly number[][]) => {
    expect(points).toHaveLength(expected.length);
    points.forEach((point, i) => {
      point.forEach((x, axis) => {
        expect(x).toBeCloseTo(expected[i][axis], 9);
      });
    });
  };
  const linesOf = (picture: Picture, colour: string) =>
    picture.shapes.flatMap((shape) => (shape.kind === 'lines' && shape.colour === colour ? shape.paths : []));

  test('a pole to the right of its cart', () => {
    near(linesOf(of('CartPole-v1', [1, 0, Math.PI / 6, 0]), colours.ORANGE)[0], [
      [1, 0],
      [1.5, Math.sqrt(0.75)],
    ]);
  });

  test('links at right angles, as Gymnasium counts angles', () => {
    const picture = of('Acrobot-v1', [Math.PI / 2, Math.PI / 2, 0, 0]);
    near(linesOf(picture, colours.BLUE)[0], [
      [0, 0],
      [1, 0],
    ]);
    near(linesOf(picture, colours.ORANGE)[0], [
      [1, 0],
      [1, 1],
    ]);
  });

  test('a pendulum a quarter turn to the left', () => {
    near(linesOf(of('Pendulum-v1', [Math.PI / 2, 0]), colours.BLUE)[0], [
      [0, 0],
      [-1, 0],
    ]);
  });

  test('a walker on its cell, a passenger in the taxi', () => {
    const circles = (id: string, state: number) =>
      of(id, [state]).shapes.flatMap((shape) => (shape.kind === 'circle' ? [[shape.x, shape.y]] : []));
    expect(circles('CliffWalking-v1', 14)).toEqual([[2.5, 1.5]]);
    // Row 3, column 1, the passenger in the taxi.
    expect(circles('Taxi-v4', (16 * 5 + 4) * 4 + 2)).toEqual([[1.5, 3.5]]);
    // They wait at the green stand, row 0, column 4.
    expect(circles('Taxi-v4', (16 * 5 + 1) * 4 + 2)).toEqual([[4.5, 0.5]]);
  });

  test('a snake, a square a cell', () => {
    const squares = of('Snake-v0', [0, 20, 19, 18]).shapes.flatMap((shape) =>
      shape.kind === 'rectangle' && shape.width < 1
        ? [[Math.floor(shape.y) * 8 + Math.floor(shape.x), shape.colour]]
        : [],
    );
    const [head, body, tail, food] = colours.PALETTE;
    expect(squares).toEqual([
      [0, food],
      [18, tail],
      [19, body],
      [20, head],
    ]);
  });

  test('a road of one lane, straight however many points it was looked at, and a vehicle across it', () => {
    const ego = { x: 50, y: 0, heading: Math.PI / 2, length: 5, width: 2, crashed: false };
    const picture = roadPicture([new StraightLane([0, 0], [1000, 0])], [], [ego], ego);
    const [surface, edges, vehicle] = picture.shapes;
    expect(surface).toMatchObject({
      kind: 'lines',
      width: 4,
      paths: [
        [
          [0, 0],
          [114, 0],
        ],
      ],
    });
    expect(edges).toMatchObject({
      paths: [
        [
          [0, -2],
          [114, -2],
        ],
        [
          [0, 2],
          [114, 2],
        ],
      ],
    });
    if (vehicle.kind !== 'polygon') throw new Error(`a vehicle is a polygon, not a ${vehicle.kind}`);
    near(vehicle.points, [
      [49, 2.5],
      [51, 2.5],
      [51, -2.5],
      [49, -2.5],
    ]);
    expect(picture.view).toEqual({ x: -5, y: -5, width: 115, height: 10 });
  });
});

test('given actions are played, up to the end of the episode', () => {
  const cliff = (steps: readonly number[]) =>
    drawEnvironment(findEnvironment('CliffWalking-v1'), { seed: 0, steps });
  expect(cliff([0, 1]).shapes.at(-1)).toMatchObject({ kind: 'circle', x: 1.5, y: 2.5 });
  const fallen = new Array(12).fill(1);
  const short = drawEnvironment(findEnvironment('CartPole-v1'), { seed: 0, steps: fallen });
  const long = drawEnvironment(findEnvironment('CartPole-v1'), { seed: 0, steps: [...fallen, ...fallen] });
  expect(long).toEqual(short);
});

test('a wrapped environment is drawn as the one within', () => {
  const game = findEnvironment('minatar/freeway');
  const played = { seed: 4, steps: [1, 1, 1, 2, 1] };
  expect(drawEnvironment(stackFrames(game, 4), played)).toEqual(drawEnvironment(game, played));
});

test('what has no picture, and an action that is not there, are refused', () => {
  const own = defineEnvironment({
    id: 'Own-v0',
    observationSpace: discrete(2),
    actionSpace: discrete(2),
    create: () => ({ reset: () => 0, step: () => ({ observation: 0, reward: 0, terminated: false }) }),
  });
  const draw = () => drawEnvironment(own, { seed: 0, steps: 0 });
  expect(draw).toThrow(EnvironmentDefinitionError);
  expect(draw).toThrow('Environment Own-v0 has no picture: only native environments are drawn');
  expect(() => drawEnvironment(findEnvironment('CartPole-v1'), { seed: 0, steps: [0, 2] })).toThrow(
    'Environment CartPole-v1 has the actions 0 to 1, not 2.',
  );
});

test('texts are escaped, and a legend that is too wide goes on below', () => {
  const view = { x: 0, y: 0, width: 1, height: 1 };
  const legend = Array.from({ length: 10 }, () => ({ label: 'a < b & "c"', colour: colours.RED }));
  const svg = writeSvg({ view, up: true, shapes: [], legend }, 'x & <y>');
  expect(svg).toContain('<title>x &amp; &lt;y&gt;</title>');
  const texts = elementsOf(svg).filter(({ name }) => name === 'text');
  expect(texts).toHaveLength(10);
  expect(new Set(texts.map(({ attributes }) => attributes['y'])).size).toBeGreaterThan(1);
});

test('colours stand out from a white and from a dark page', () => {
  const luminance = (colour: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const c = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  expect(new Set(colours.PALETTE).size).toBe(10);
  for (const colour of colours.PALETTE) {
    // WCAG 2.2, contrast of graphical objects: 3 at least.
    expect(1.05 / (luminance(colour) + 0.05), colour).toBeGreaterThanOrEqual(3);
    expect((luminance(colour) + 0.05) / (luminance('#0d1117') + 0.05), colour).toBeGreaterThanOrEqual(3);
  }
});

describe('the pictures of the documents', () => {
  const commands = [
    ...readFileSync(new URL('README.md', folder), 'utf8').matchAll(
      /^qfleet env draw (\S+) docs\/environments\/pictures\/(\S+) --seed (\d+) --steps (\d+)$/gm,
    ),
  ].map(([, id, file, seed, steps]) => ({ id, file, seed: Number(seed), steps: Number(steps) }));

  test('are all drawn by a command', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.svg'));
    expect(commands.map(({ file }) => file).sort()).toEqual(files.sort());
    expect(files.length).toBeGreaterThan(0);
  });

  test.each(commands)('$file is what its command draws', ({ id, file, seed, steps }) => {
    const drawn = writeSvg(drawEnvironment(findEnvironment(id), { seed, steps }), id);
    expect(readFileSync(new URL(file, folder), 'utf8')).toBe(drawn);
  });
});
