// Owns the size on disk: after a steady flow, a browser restart and ten idle seconds.
import { openTab } from '../lib/browser.mjs'
import { deleteProfile, freshProfile, storedBytes } from '../lib/profiles.mjs'
import { paired, spreadOf } from '../lib/statistics.mjs'
import { SUBJECTS } from '../lib/subjects.mjs'

const subjects = ['ours', 'bare', 'raw', 'opfs']
const IDLE_MS = 10_000

export const disk = {
  name: 'disk',
  title: 'Disk',
  settings: (quick) => ({ rate: 10_000, seconds: quick ? 2 : 10, runs: 50, repetitions: quick ? 1 : 5 }),
  intro: ({ rate, seconds, runs }) =>
    `Bytes per event in the browser profile after ${(rate * seconds).toLocaleString('en')} events over ${runs} runs at ` +
    `${rate.toLocaleString('en')}/s, a browser restart, and ten idle seconds with the store open.`,
  subjects: () => subjects,

  async sample({ subject, settings, run, ports }) {
    const profile = freshProfile(run)
    const port = ports.production
    const events = settings.rate * settings.seconds
    try {
      const writing = await openTab({ profile, port, subject })
      await writing.call('open', { name: subject, kind: 'paced' })
      const { result, cpu } = await writing.metered(() => writing.call('paced', settings))
      await writing.close()
      if (!result.drained) throw new Error('The flow was not durable in time.')
      const written = storedBytes(profile)

      const again = await openTab({ profile, port, subject })
      await again.call('open', { name: subject, kind: 'paced' })
      await again.call('pause', IDLE_MS)
      await again.close()
      const idle = storedBytes(profile)
      return { cpu, written: perEvent(written, events), idle: perEvent(idle, events) }
    } finally {
      deleteProfile(profile)
    }
  },

  tables: (samples) => [
    {
      head: ['what', 'IndexedDB', 'OPFS', 'in all', 'in all, before restart and idling'],
      rows: subjects.map((subject) => [
        SUBJECTS[subject].title,
        ...['indexedDb', 'opfs', 'all'].map((place) => ({
          spread: spreadOf(samples, subject, ({ idle }) => idle[place]),
          digits: 0,
          unit: 'B',
        })),
        { spread: spreadOf(samples, subject, ({ written }) => written.all), digits: 0, unit: 'B' },
      ]),
    },
  ],

  goals: (samples) => [
    {
      text: 'disk: bytes per event against the bare layout',
      spread: paired(samples, (at) => at('ours').idle.all / at('bare').idle.all),
      atMost: 1.5,
      unit: '×',
    },
  ],
}

const perEvent = (bytes, events) =>
  Object.fromEntries(Object.entries(bytes).map(([place, size]) => [place, size / events]))
