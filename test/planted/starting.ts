/** Owns bugs of a start and of living side by side: hydration, repair, who is alive, what a deadline may do. */
import type { PlantedBug } from './bug.ts'

export const starting: readonly PlantedBug[] = [
  {
    name: 'fold-before-hydration',
    harm: 'events are folded before the history they belong to is in',
    edits: [
      {
        file: 'src/state/boot.ts',
        find: "  dispatch(bootAdvanced({ phase: 'hydrating' }))\n",
        put: "  const connections = connectSources(runtime)\n  release()\n  dispatch(bootAdvanced({ phase: 'hydrating' }))\n",
      },
      {
        file: 'src/state/boot.ts',
        find: "  dispatch(bootAdvanced({ phase: 'reconciling' }))\n  const connections = connectSources(runtime)\n",
        put: '',
      },
    ],
    tests: ['test/state/boot.test.ts'],
    breaks: /\bW3\b/,
  },
  {
    name: 'buffer-dropped',
    harm: 'what a source says while the history is being read is dropped',
    edits: [
      {
        file: 'src/state/ingest/ingest.ts',
        find: '    receive(stream, events) {\n      if (disposed) return\n',
        put: '    receive(stream, events) {\n      if (disposed || holds > 0) return\n',
      },
    ],
    tests: ['test/state/boot.test.ts'],
    breaks: /\b(W3|H1)\b/,
  },
  {
    name: 'sender-not-read',
    harm: 'a command on its way is taken from a page that is alive',
    edits: [
      { file: 'src/state/commands/outbox.ts', find: ': !living.has(command.sender)\n', put: ': true\n' },
    ],
    tests: ['test/state/commands.test.ts'],
    breaks: /\bO1\b/,
  },
  {
    name: 'epoch-not-read',
    harm: 'runs of an orchestrator that is alive are taken for lost',
    edits: [
      {
        file: 'src/orchestrator/source.ts',
        find: 'names === null || names.has(epochLock(of)) ? UNKNOWN : GONE',
        put: 'names === null ? UNKNOWN : GONE',
      },
    ],
    tests: ['test/orchestrator/source.test.ts'],
    breaks: /while the owner lives/,
  },
  {
    name: 'steal-from-the-living',
    harm: 'a tab takes the source from a leader that answers',
    edits: [
      {
        file: 'src/state/tabs/ingestLock.ts',
        find: '    heard: () => {\n      silent = 0\n    },\n',
        put: '    heard: () => {},\n',
      },
    ],
    tests: ['test/state/tabs.test.ts'],
    breaks: /\bT2\b/,
  },
  {
    name: 'heal-after-first-write',
    harm: 'the copies are compared after the page has begun to write',
    edits: [
      {
        file: 'src/state/boot.ts',
        find: 'refusal === null && (await untilDone(runtime, () => healAtBoot(runtime)))',
        put: 'false',
      },
      {
        file: 'src/state/boot.ts',
        find: '  release()\n  following.start()\n',
        put: '  release()\n  await runtime.ingest.settled()\n  await writer.whenIdle()\n  await healAtBoot(runtime)\n  await hydrate(runtime, options)\n  following.start()\n',
      },
    ],
    tests: ['test/state/healAtBoot.test.ts'],
    breaks: /\bW6\b/,
  },
  {
    name: 'timeout-wipes',
    harm: 'a database that does not open in time is deleted, to start afresh',
    edits: [
      {
        file: 'src/ledger/connection.ts',
        find: "      return new LedgerError(\n        'unavailable',\n",
        put: "      void deleteDB(name)\n      return new LedgerError(\n        'unavailable',\n",
      },
    ],
    tests: ['test/ledger/keptData.test.ts'],
    breaks: /\bW3\b/,
  },
  {
    name: 'unread-starts-afresh',
    harm: 'a history that cannot be read now counts as none, and is written over',
    edits: [
      {
        file: 'src/state/boot.ts',
        find: '      runtime.dispatch(healthChanged(toHealth(error)))\n    }\n    await new Promise',
        put: '      runtime.dispatch(healthChanged(toHealth(error)))\n      return undefined as Result\n    }\n    await new Promise',
      },
    ],
    tests: ['test/state/healAtBoot.test.ts'],
    breaks: /\bW3\b/,
  },
  {
    name: 'tombstones-ignored',
    harm: 'what was deleted on purpose comes back from the other copy',
    edits: [
      {
        file: 'src/ledger/compare.ts',
        find: '    log !== null && (graves.get(log)?.batch ?? 0) > (head.stamp?.batch ?? 0)\n',
        put: '    log === null && head.stamp === undefined\n',
      },
    ],
    tests: ['test/ledger/heal.test.ts'],
    breaks: /\bW6\b/,
  },
]
