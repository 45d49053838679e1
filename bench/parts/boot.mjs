// Owns the start: the first screen and the usual reads, with little and much stored.
import { openTab } from '../lib/browser.mjs'
import { copyProfile, deleteProfile } from '../lib/profiles.mjs'
import { paired, spreadOf } from '../lib/statistics.mjs'
import { filled, sizesOf } from '../lib/stores.mjs'

const SIZES = ['small', 'large']

export const boot = {
  name: 'boot',
  title: 'Boot and reads',
  settings: (quick) => ({ sizes: sizesOf(quick), repetitions: quick ? 2 : 5 }),
  intro: ({ sizes: { small, large } }) =>
    `A fresh browser process, page cache warm, on ${large.runs.toLocaleString('en')} runs with ` +
    `${large.events.toLocaleString('en')} events against ${small.runs} runs with ${small.events.toLocaleString('en')}. ` +
    'From before `open` until the store holds the unsettled runs (20), the newest headers (at least 50) and the open thread ' +
    '(4 runs, all tool calls); ready is when events flow, after the check. Latest 200 is the slowest of four runs, ' +
    'the longest among them; two runs hold a tenth of all events, each as many as a run keeps, and are read whole.',
  subjects: () => SIZES,

  prepare: (context) => filled(storeOf(context)),

  async sample(context) {
    const { size } = storeOf(context)
    const { run, ports } = context
    const profile = copyProfile(await filled(storeOf(context)), run)
    const tab = await openTab({ profile, port: ports.production, subject: 'ours' })
    try {
      const { result, cpu } = await tab.metered(() => tab.call('boot', { size }))
      return { ...result, cpu }
    } finally {
      await tab.close()
      deleteProfile(profile)
    }
  },

  tables: (samples, { sizes }) => [
    {
      head: [
        'runs',
        'events',
        '`open` alone',
        'first screen',
        'ready',
        'latest 200 events',
        'all events of the long runs',
        'events read',
      ],
      rows: SIZES.map((size) => [
        sizes[size].runs.toLocaleString('en'),
        sizes[size].events.toLocaleString('en'),
        ...['openMs', 'screenMs', 'readyMs', 'latestMs', 'allMs'].map((figure) => ({
          spread: spreadOf(samples, size, (values) => values[figure]),
          digits: 1,
          unit: 'ms',
        })),
        { spread: spreadOf(samples, size, ({ allEvents }) => allEvents), digits: 0 },
      ]),
    },
  ],

  goals(samples, { sizes: { large } }) {
    const of = (figure) => spreadOf(samples, 'large', (values) => values[figure])
    return [
      {
        text: 'boot: first screen, large store against small',
        spread: paired(samples, (at) => at('large').screenMs / at('small').screenMs),
        atMost: 1.3,
        unit: '×',
      },
      { text: 'boot: first screen on the large store', spread: of('screenMs'), atMost: 40, unit: 'ms' },
      { text: 'reads: latest 200 events of any run', spread: of('latestMs'), atMost: 10, unit: 'ms' },
      {
        text: `reads: all ${(large.events / 10).toLocaleString('en')} events of two runs`,
        spread: of('allMs'),
        atMost: 300,
        unit: 'ms',
      },
    ]
  },
}

const storeOf = ({ subject, settings, run, code, ports }) => ({
  store: 'ours',
  size: settings.sizes[subject],
  run,
  code,
  port: ports.production,
})
