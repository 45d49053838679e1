// Owns the development build: what Redux Toolkit's checks cost when much is held.
import { openTab } from '../lib/browser.mjs'
import { deleteProfile, freshProfile } from '../lib/profiles.mjs'
import { spreadOf } from '../lib/statistics.mjs'

const TITLES = {
  ours: '`getDefaultMiddleware(runs.checks)`',
  default: '`getDefaultMiddleware()`',
  none: 'no checks',
}

export const development = {
  name: 'development',
  title: 'Development builds',
  settings: (quick) => ({
    held: quick ? 10_000 : 100_000,
    rounds: quick ? 8 : 20,
    repetitions: quick ? 2 : 5,
  }),
  intro: ({ held }) =>
    `Milliseconds per dispatch of a frame of 256 events in a development build, ${held.toLocaleString('en')} events held. ` +
    'Usable is taken as: a dispatch fits into a frame.',
  subjects: () => Object.keys(TITLES),

  async sample({ subject, settings, run, ports }) {
    const profile = freshProfile(run)
    const tab = await openTab({ profile, port: ports.development, subject: 'development' })
    try {
      const { result, cpu } = await tab.metered(() =>
        tab.call('development', { checks: subject, ...settings }),
      )
      return { ...result, cpu }
    } finally {
      await tab.close()
      deleteProfile(profile)
    }
  },

  tables: (samples) => [
    {
      head: ['middleware', 'per dispatch', 'p95', 'events in memory'],
      rows: Object.entries(TITLES).map(([subject, title]) => [
        title,
        { spread: spreadOf(samples, subject, ({ perDispatch }) => perDispatch), digits: 2, unit: 'ms' },
        { spread: spreadOf(samples, subject, ({ p95 }) => p95), digits: 2, unit: 'ms' },
        { spread: spreadOf(samples, subject, ({ kept }) => kept), digits: 0 },
      ]),
    },
  ],

  goals: (samples) => [
    {
      text: 'development build: a dispatch with `runs.checks` within a frame',
      spread: spreadOf(samples, 'ours', ({ perDispatch }) => perDispatch),
      atMost: 16,
      unit: 'ms',
    },
  ],
}
