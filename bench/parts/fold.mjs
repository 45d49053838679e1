// Owns what an event costs on its way into Redux, with little and much held.
import { openTab } from '../lib/browser.mjs'
import { deleteProfile, freshProfile } from '../lib/profiles.mjs'
import { paired, spreadOf } from '../lib/statistics.mjs'

const HELD = [1_000, 10_000, 100_000]
const RUNS = [50, 2_000]
// A thousand events are not of two thousand runs.
const grid = HELD.flatMap((held) => RUNS.map((runs) => ({ held, runs }))).filter(
  ({ held, runs }) => held >= runs,
)
const nameOf = (kind, { held, runs }) => `${kind} ${held} ${runs}`
const adapterCases = HELD.map((held) => ({ held, runs: 50 }))

export const fold = {
  name: 'fold',
  title: 'Fold and slice',
  settings: (quick) => ({
    batches: quick ? 20 : 200,
    adapterBatches: quick ? 5 : 30,
    repetitions: quick ? 2 : 5,
  }),
  intro: () =>
    'Microseconds per event for a frame of 256 events over 50 runs: the fold and all reducers, on a state that has ' +
    'taken so many events of so many runs before, each frame on what the last one left. `createEntityAdapter` holds every event and gets them with `addMany`.',
  subjects: () => [
    ...grid.map((each) => nameOf('ours', each)),
    ...adapterCases.map((each) => nameOf('adapter', each)),
  ],

  async sample({ subject, settings, run, ports }) {
    const profile = freshProfile(run)
    const tab = await openTab({ profile, port: ports.production, subject: 'fold' })
    try {
      const [kind, held, runs] = subject.split(' ')
      const batches = kind === 'ours' ? settings.batches : settings.adapterBatches
      const name = kind === 'ours' ? 'foldOurs' : 'foldAdapter'
      const { result, cpu } = await tab.metered(() =>
        tab.call(name, { held: Number(held), runs: Number(runs), batches }),
      )
      return { ...result, cpu }
    } finally {
      await tab.close()
      deleteProfile(profile)
    }
  },

  tables(samples) {
    const row = (kind, title, each) => {
      const subject = nameOf(kind, each)
      return [
        title,
        each.held.toLocaleString('en'),
        each.runs.toLocaleString('en'),
        { spread: spreadOf(samples, subject, ({ perEvent }) => perEvent), digits: 2, unit: 'µs' },
        { spread: spreadOf(samples, subject, ({ p95 }) => p95), digits: 2, unit: 'µs' },
        { spread: spreadOf(samples, subject, ({ kept }) => kept), digits: 0 },
      ]
    }
    return [
      {
        head: ['what', 'events taken', 'runs held', 'per event', 'p95 of the batches', 'events in memory'],
        rows: [
          ...grid.map((each) => row('ours', '**run-ledger**', each)),
          ...adapterCases.map((each) => row('adapter', '`createEntityAdapter`', each)),
        ],
      },
    ]
  },

  goals: (samples) => [
    ...RUNS.map((runs) => ({
      text: `fold and slice per event, ${runs.toLocaleString('en')} runs and 100,000 events taken`,
      spread: spreadOf(samples, nameOf('ours', { held: 100_000, runs }), ({ perEvent }) => perEvent),
      atMost: 2,
      unit: 'µs',
    })),
    ...RUNS.map((runs) => ({
      text: `fold and slice flat: 100,000 against 10,000 events taken, ${runs.toLocaleString('en')} runs`,
      spread: paired(
        samples,
        (at) =>
          at(nameOf('ours', { held: 100_000, runs })).perEvent /
          at(nameOf('ours', { held: 10_000, runs })).perEvent,
      ),
      atMost: 1.15,
      unit: '×',
    })),
  ],
}
