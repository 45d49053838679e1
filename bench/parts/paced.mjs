// Owns the steady flow: so many events a second, their latency, and what the main thread pays.
import { openTab } from '../lib/browser.mjs'
import { deleteProfile, freshProfile } from '../lib/profiles.mjs'
import { paired, spreadOf } from '../lib/statistics.mjs'
import { SUBJECTS } from '../lib/subjects.mjs'

const subjects = [
  'ours',
  'none',
  'unstored',
  'raw',
  'dexie',
  'persist0',
  'persist100',
  'localforage',
  'bare',
  'opfs',
]

/** Latency from arrival to the last copy that the subject has. */
const durable = ({ latencies }) => latencies.toSorted((a, b) => b.copies - a.copies)[0] ?? null
const perEvent = ({ cpu, events }) => (cpu.thread * 1_000) / events

export const paced = {
  name: 'paced',
  title: 'Paced',
  settings: (quick) => ({ rate: 10_000, seconds: quick ? 3 : 30, runs: 50, repetitions: quick ? 2 : 5 }),
  intro: ({ rate, seconds, runs }) =>
    `${rate.toLocaleString('en')} events/s for ${seconds} s over ${runs} runs, handed over every 4 ms. Commit is one ` +
    'transaction; durable is from arrival to the last copy. What is not durable 20 s after the last event counts as ' +
    'still waiting, with its time so far. Main-thread CPU is the DevTools `ThreadTime`, less that of the harness alone.',
  subjects: () => subjects,

  async sample({ subject, settings, run, ports }) {
    const profile = freshProfile(run)
    const tab = await openTab({ profile, port: ports.production, subject })
    try {
      await tab.call('open', { name: subject, kind: 'paced' })
      const { result, cpu } = await tab.metered(() => tab.call('paced', settings))
      return { ...result, cpu }
    } finally {
      await tab.close()
      deleteProfile(profile)
    }
  },

  tables(samples) {
    const of = (subject, figure) => spreadOf(samples, subject, figure)
    const ms = (subject, figure) => ({ spread: of(subject, figure), digits: 1, unit: 'ms' })
    return [
      {
        head: [
          'what',
          'commit p50',
          'p95',
          'p99',
          'durable p50',
          'p95',
          'p99',
          'copies',
          'not durable in time',
        ],
        rows: subjects
          .filter((subject) => subject !== 'none' && subject !== 'unstored')
          .map((subject) => [
            SUBJECTS[subject].title,
            ms(subject, ({ commit }) => commit?.p50),
            ms(subject, ({ commit }) => commit?.p95),
            ms(subject, ({ commit }) => commit?.p99),
            ms(subject, (values) => durable(values)?.quantiles?.p50),
            ms(subject, (values) => durable(values)?.quantiles?.p95),
            ms(subject, (values) => durable(values)?.quantiles?.p99),
            { spread: of(subject, (values) => durable(values)?.copies), digits: 0 },
            { spread: of(subject, (values) => durable(values)?.unfinished), digits: 0 },
          ]),
      },
      {
        head: [
          'what',
          'main thread, µs/event',
          'all processes, µs/event',
          'longest task',
          'tasks over 50 ms',
          'timer late p99',
          'foreign cores',
        ],
        rows: subjects.map((subject) => [
          SUBJECTS[subject].title,
          subject === 'none'
            ? { spread: of('none', perEvent), digits: 1 }
            : { spread: paired(samples, (at) => perEvent(at(subject)) - perEvent(at('none'))), digits: 1 },
          {
            spread: of(subject, ({ cpu, events }) => (cpu.all === null ? null : (cpu.all * 1_000) / events)),
            digits: 0,
          },
          ms(subject, ({ longTasks }) => longTasks.longest),
          { spread: of(subject, ({ longTasks }) => longTasks.count), digits: 0 },
          ms(subject, ({ lateness }) => lateness?.p99),
          { spread: of(subject, ({ cpu }) => cpu.foreign), digits: 2 },
        ]),
      },
      {
        head: ['run-ledger: dispatches of events', 'most in one frame', 'frames with more than one'],
        rows: [
          ['dispatches', 'inOneFrame', 'crowdedFrames'].map((name) => ({
            spread: of('ours', ({ facts }) => facts[name]),
            digits: 0,
          })),
        ],
      },
    ]
  },

  goals(samples) {
    const ours = (figure) => spreadOf(samples, 'ours', figure)
    const ms = { unit: 'ms' }
    return [
      { text: 'paced: commit p95', spread: ours(({ commit }) => commit?.p95), atMost: 8, ...ms },
      {
        text: 'paced: arrival to durable p95',
        spread: ours((values) => durable(values)?.quantiles?.p95),
        atMost: 25,
        ...ms,
      },
      {
        text: 'paced: no task over 50 ms (the longest)',
        spread: ours(({ longTasks }) => longTasks.longest),
        atMost: 50,
        ...ms,
      },
      {
        text: 'paced: main thread per event, whole pipeline',
        spread: paired(samples, (at) => perEvent(at('ours')) - perEvent(at('none'))),
        atMost: 20,
        unit: 'µs',
      },
      {
        text: 'paced: main thread per event, persistence in all copies',
        spread: paired(samples, (at) => perEvent(at('ours')) - perEvent(at('unstored'))),
        atMost: 12,
        unit: 'µs',
      },
      {
        text: 'paced: dispatches of events per frame, at most',
        spread: ours(({ facts }) => facts.inOneFrame),
        atMost: 1,
        unit: '',
      },
    ]
  },
}
