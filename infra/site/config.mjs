// VitePress's configuration, which the one beside the staged pages imports.
import { packageName } from './api.mjs';
import { slugify } from './slug.mjs';

/** @param {string} path */
const apiPages = (path) => ({ text: packageName(path.slice('api/'.length)), link: `/${path}` });

/** Adds the pages of docs/ that stand nowhere, so that a new one is found.
 * @param {string[]} pages
 * @param {{text: string, items: {text: string, link: string}[]}[]} groups */
function withRest(pages, groups) {
  const listed = new Set(groups.flatMap(({ items }) => items.map(({ link }) => link)));
  const rest = pages
    .map((page) => ({ text: page, link: `/${page}` }))
    .filter(({ link }) => !listed.has(link));
  return rest.length === 0
    ? groups
    : [...groups.slice(0, -1), { text: 'More', items: rest }, ...groups.slice(-1)];
}

/** @param {string[]} api the pages of the API, without their ending
 * @param {string[]} pages the other pages, in the same way */
export const siteConfig = (api, pages) => ({
  title: 'Qfleet',
  description: 'Trains DQN-family agents with a fleet of processes, in TypeScript',
  cleanUrls: false,
  lastUpdated: false,
  // The theme lets only fenced blocks of code scroll, and not those that are indented.
  head: [['style', {}, '.vp-doc pre { overflow-x: auto }']],
  markdown: { anchor: { slugify }, toc: { slugify } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/guide' },
      { text: 'Configuration', link: '/configuration' },
      { text: 'Commands', link: '/commands' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: withRest(pages, [
      {
        text: 'Start',
        items: [
          { text: 'The first hour', link: '/guide' },
          { text: 'Concepts', link: '/concepts' },
          { text: 'The command line', link: '/command-line' },
          { text: 'The library', link: '/packages/qfleet' },
          { text: 'Watching an agent', link: '/watch' },
          { text: 'Examples', link: '/examples/' },
          { text: 'Compared with others', link: '/comparison' },
          { text: 'Goals and non-goals', link: '/goals' },
        ],
      },
      {
        text: 'Learning',
        items: [
          { text: 'Algorithms', link: '/algorithms' },
          { text: 'Agents', link: '/agents' },
          { text: 'Methods', link: '/methods' },
          { text: 'Environments', link: '/environments/' },
          { text: 'Your own environment', link: '/environments/own' },
          { text: 'Language models', link: '/language' },
          { text: 'Sweeps', link: '/sweeps' },
          { text: 'Results', link: '/results' },
        ],
      },
      {
        text: 'Running',
        items: [
          { text: 'Several machines', link: '/several-machines' },
          { text: 'Operations', link: '/operations' },
          { text: 'Deployment', link: '/deployment' },
          { text: 'Runbooks', link: '/runbooks' },
          { text: 'Security', link: '/security' },
          { text: 'Performance', link: '/performance' },
        ],
      },
      {
        text: 'Reference',
        items: [
          { text: 'Configuration', link: '/configuration' },
          { text: 'Commands', link: '/commands' },
          { text: 'Formats', link: '/formats' },
          { text: 'Replay files', link: '/replay-files' },
          { text: 'Architecture', link: '/architecture' },
          { text: 'Contributing', link: '/contributing' },
        ],
      },
      { text: 'API', collapsed: true, items: api.map(apiPages) },
    ]),
  },
});
