// Owns the cost of one more event on top of a large history, against a small one.
import { openTab } from '../lib/browser.mjs'
import { copyProfile, deleteProfile } from '../lib/profiles.mjs'
import { paired, spreadOf } from '../lib/statistics.mjs'
import { SUBJECTS } from '../lib/subjects.mjs'
import { filled, sizesOf } from '../lib/stores.mjs'

const STORES = ['ours', 'bare']
const SIZES = ['small', 'large']
const FIGURES = /** @type {const} */ ([
  ['single', 'one event'],
  ['flush', '256 events over 20 runs'],
])

/** How much more it takes on the large store than on the small one, in one repetition. */
const growth = (at, store, figure) => at(`${store} large`)[figure] / at(`${store} small`)[figure]

export const history = {
  name: 'history',
  title: 'An event on top of history',
  settings: (quick) => ({ sizes: sizesOf(quick), rounds: quick ? 30 : 150, repetitions: quick ? 2 : 5 }),
  intro: ({ sizes: { small, large } }) =>
    `From hand-over to durable, on stores of ${large.events.toLocaleString('en')} events in ` +
    `${large.runs.toLocaleString('en')} runs and of ${small.events.toLocaleString('en')} in ${small.runs}, in a fresh ` +
    'browser. The goal compares growth: what the large store takes over what the small one takes, ours over the bare ' +
    "layout's.",
  subjects: () => STORES.flatMap((store) => SIZES.map((size) => `${store} ${size}`)),

  prepare: (context) => filled(storeOf(context)),

  async sample(context) {
    const { store, size } = storeOf(context)
    const { settings, run, ports } = context
    const profile = copyProfile(await filled(storeOf(context)), run)
    const tab = await openTab({ profile, port: ports.production, subject: store })
    try {
      const { result, cpu } = await tab.metered(() =>
        tab.call('append', { store, size, rounds: settings.rounds }),
      )
      return { ...result, cpu }
    } finally {
      await tab.close()
      deleteProfile(profile)
    }
  },

  tables: (samples) => [
    {
      head: ['what', 'written', 'small store', 'large store', 'growth'],
      rows: STORES.flatMap((store) =>
        FIGURES.map(([figure, written]) => [
          SUBJECTS[store].title,
          written,
          { spread: spreadOf(samples, `${store} small`, (values) => values[figure]), digits: 2, unit: 'ms' },
          { spread: spreadOf(samples, `${store} large`, (values) => values[figure]), digits: 2, unit: 'ms' },
          { spread: paired(samples, (at) => growth(at, store, figure)), digits: 2, unit: '×' },
        ]),
      ),
    },
  ],

  goals: (samples) =>
    FIGURES.map(([figure, written]) => ({
      text: `history: growth of ${written} over the bare layout's growth`,
      spread: paired(samples, (at) => growth(at, 'ours', figure) / growth(at, 'bare', figure)),
      atMost: 1.15,
      unit: '×',
    })),
}

const storeOf = ({ subject, settings, run, code, ports }) => {
  const [store, size] = subject.split(' ')
  return { store, size: settings.sizes[size], run, code, port: ports.production }
}
