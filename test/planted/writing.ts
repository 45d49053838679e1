/** Owns bugs of one write: when it counts as done, what it is checked against, and in which order pieces land. */
import type { PlantedBug } from './bug.ts'

const LEDGER = 'src/ledger/indexedDb.ts'

export const writing: readonly PlantedBug[] = [
  {
    name: 'ack-on-request',
    harm: 'a write counts as durable when its requests have succeeded, before the transaction is complete',
    edits: [
      {
        file: LEDGER,
        find: '        const failure = await done\n        if (failure !== null) throw failure\n',
        put: '',
      },
    ],
    tests: ['test/ledger/crash.test.ts'],
    breaks: /\bW1\b/,
  },
  {
    name: 'abort-is-success',
    harm: 'a transaction that was aborted counts as one that landed',
    edits: [
      {
        file: LEDGER,
        find: 'tx.done.then(() => null, toLedgerError)',
        put: 'tx.done.then(() => null, () => null)',
      },
    ],
    tests: ['test/ledger/crash.test.ts'],
    breaks: /\bW1\b/,
  },
  {
    name: 'no-head-check',
    harm: 'segments are put without a look at the head they build on',
    edits: [
      { file: 'src/ledger/apply.ts', find: 'if (head !== base) throw conflict(log, base, head)', put: '' },
    ],
    tests: ['test/ledger/conformance.test.ts'],
    breaks: /\bW5\b/,
  },
  {
    name: 'old-heads-trusted',
    harm: 'heads of an earlier write of this page are believed although others wrote since',
    edits: [
      {
        file: 'src/ledger/ownWrites.ts',
        find: 'return batch === this.#batch ? this.#heads.get(log) : undefined',
        put: 'return batch < 0 ? undefined : this.#heads.get(log)',
      },
    ],
    tests: ['test/ledger/ownWrites.test.ts'],
    breaks: /\bW5\b/,
  },
  {
    name: 'old-cursors-trusted',
    harm: 'a cursor is joined with what this page wrote last although another page moved it since',
    edits: [
      {
        file: 'src/ledger/ownWrites.ts',
        find: 'return batch === this.#batch ? this.#cursors.get(stream) : undefined',
        put: 'return batch < 0 ? undefined : this.#cursors.get(stream)',
      },
    ],
    tests: ['test/ledger/ownWrites.test.ts'],
    breaks: /\bW5\b/,
  },
  {
    name: 'bundle-of-one-log',
    harm: 'a bundle goes when its first log has its segment, with what it holds of the others',
    edits: [
      {
        file: 'src/ledger/bundles.ts',
        find: '[...segments.values()].some(({ log, last }) =>',
        put: '[...segments.values()].slice(0, 1).some(({ log, last }) =>',
      },
    ],
    tests: ['test/ledger/bundles.test.ts'],
    breaks: /\bW1\b/,
  },
  {
    name: 'sorted-by-the-note',
    harm: 'what has no segment yet is looked up in the counters, also where those are what is lost',
    edits: [
      {
        file: 'src/ledger/bundles.ts',
        find: 'own.filter(({ first }) => first > head)',
        put: 'own.filter(({ first }) => head >= 0 && first > sortedUpTo(meta.behind, log))',
      },
    ],
    tests: ['test/ledger/bundles.test.ts'],
    breaks: /\bW[67]\b/,
  },
  {
    name: 'old-bundles-trusted',
    harm: 'bundles are remembered by number beyond the database they were read from',
    edits: [
      {
        file: LEDGER,
        find: 'const forget = (): void => {\n    memory = newMemory()',
        put: 'const forget = (): void => {',
      },
    ],
    tests: ['test/ledger/bundles.test.ts'],
    breaks: /\bW5\b/,
  },
  {
    name: 'no-commit',
    harm: 'a write is left to commit by itself, one turn of the event loop later or never',
    edits: [
      { file: LEDGER, find: '        tx.commit()\n        const failure', put: '        const failure' },
    ],
    tests: ['test/ledger/crash.test.ts', 'test/ledger/acknowledged.test.ts'],
    breaks: /\bW1\b/,
  },
  {
    name: 'ack-before-both-copies',
    harm: 'a receipt comes when the first copy has it, whatever becomes of the second',
    edits: [
      {
        file: 'src/ledger/writer.ts',
        find: 'void mirrored.then((landed) => {',
        put: 'void Promise.resolve(true).then((landed) => {',
      },
    ],
    tests: ['test/ledger/acknowledged.test.ts'],
    breaks: /\bW6\b/,
  },
  {
    name: 'ack-before-flush',
    harm: 'a frame of the journal is acknowledged without having been flushed',
    edits: [
      {
        file: 'src/ledger/journal/appender.ts',
        find: '      this.#file?.flush()\n    } catch (error) {',
        put: '    } catch (error) {',
      },
    ],
    tests: ['test/ledger/journal.test.ts'],
    breaks: /fault F4|\bW6\b/,
  },
  {
    name: 'cursor-ahead',
    harm: 'cursors go out while events they cover are being accepted again',
    edits: [{ file: 'src/ledger/writer.ts', find: '    this.#queue.join()\n', put: '' }],
    tests: ['test/ledger/writerOrder.test.ts'],
    breaks: /\bW1\b/,
  },
  {
    name: 'frame-before-handed-back',
    harm: 'a frame that was under way during a conflict goes out ahead of the events it follows, under their sequences',
    edits: [
      {
        file: 'src/state/ingest/rebase.ts',
        find: '      waiting = waiting.concat(writer.takeOut(log))\n',
        put: '',
      },
    ],
    tests: ['test/state/rebaseOrder.test.ts'],
    breaks: /\bW[15]\b/,
  },
  {
    name: 'letters-without-identity',
    harm: 'what a page left behind is accepted once more, also where it had landed after all',
    edits: [
      {
        file: 'src/ledger/letters.ts',
        find: 'events.filter((event) => !known.has(eventIdentity(event)))',
        put: 'events.filter(() => known.size >= 0)',
      },
    ],
    tests: ['test/ledger/letters.test.ts'],
    breaks: /\bW5\b/,
  },
]
