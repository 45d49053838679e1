// Owns the burst: all events at once, as fast as they are taken, until they are durable.
import { openTab } from '../lib/browser.mjs'
import { deleteProfile, freshProfile } from '../lib/profiles.mjs'
import { paired, spreadOf } from '../lib/statistics.mjs'
import { SUBJECTS } from '../lib/subjects.mjs'

const subjects = ['ours', 'raw', 'dexie', 'persist0', 'persist100', 'bare', 'opfs']

export const burst = {
  name: 'burst',
  title: 'Burst',
  settings: (quick) => ({ events: quick ? 10_000 : 100_000, runs: 50, repetitions: quick ? 2 : 5 }),
  intro: ({ events, runs }) =>
    `${events.toLocaleString('en')} events over ${runs} runs, all there at once, until the last is durable. ` +
    'Bare stores have two transactions in flight.',
  subjects: () => subjects,

  async sample({ subject, settings, run, ports }) {
    const profile = freshProfile(run)
    const tab = await openTab({ profile, port: ports.production, subject })
    try {
      await tab.call('open', { name: subject, kind: 'burst' })
      const { result, cpu } = await tab.metered(() => tab.call('burst', settings))
      return { ...result, cpu }
    } finally {
      await tab.close()
      deleteProfile(profile)
    }
  },

  tables(samples, { events }) {
    const of = (subject, figure) => spreadOf(samples, subject, figure)
    return [
      {
        head: [
          'what',
          'how',
          'events/s',
          '× raw',
          'commit p50',
          'commit p95',
          'all CPU, µs/event',
          'foreign cores',
        ],
        rows: subjects.map((subject) => [
          SUBJECTS[subject].title,
          SUBJECTS[subject].how,
          { spread: of(subject, ({ perSecond }) => perSecond), digits: 0 },
          { spread: paired(samples, (at) => at(subject).perSecond / at('raw').perSecond), digits: 2 },
          { spread: of(subject, ({ commit }) => commit?.p50), digits: 1, unit: 'ms' },
          { spread: of(subject, ({ commit }) => commit?.p95), digits: 1, unit: 'ms' },
          {
            spread: of(subject, ({ cpu }) => (cpu.all === null ? null : (cpu.all * 1_000) / events)),
            digits: 0,
          },
          { spread: of(subject, ({ cpu }) => cpu.foreign), digits: 2 },
        ]),
      },
    ]
  },

  goals: (samples) => [
    {
      text: 'burst: at least 4 × raw puts',
      spread: paired(samples, (at) => at('ours').perSecond / at('raw').perSecond),
      atLeast: 4,
      unit: '×',
    },
    {
      text: 'burst: 0.4 × the bare OPFS log (hoped for)',
      spread: paired(samples, (at) => at('ours').perSecond / at('opfs').perSecond),
      atLeast: 0.4,
      unit: '×',
    },
  ],
}
