// VitePress's configuration, which the one beside the staged pages imports.
import { slugify } from './slug.mjs';

/** @param {string} path */
const apiPages = (path) => ({ text: `@qfleet/${path.slice('api/'.length)}`, link: `/${path}` });

/** @param {string[]} api the pages of the API, without their ending */
export const siteConfig = (api) => ({
  title: 'Qfleet',
  description: 'Trains DQN-family agents with a fleet of processes, in TypeScript',
  cleanUrls: false,
  lastUpdated: false,
  // Everything a page shows is its own.
  head: [],
  markdown: { html: false, anchor: { slugify }, toc: { slugify } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/guide' },
      { text: 'Configuration', link: '/configuration' },
      { text: 'Commands', link: '/commands' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: [
      {
        text: 'Start',
        items: [
          { text: 'The first hour', link: '/guide' },
          { text: 'Concepts', link: '/concepts' },
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
          { text: 'Language models', link: '/language' },
          { text: 'Sweeps', link: '/sweeps' },
          { text: 'Results', link: '/results' },
        ],
      },
      {
        text: 'Running',
        items: [
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
    ],
  },
});
