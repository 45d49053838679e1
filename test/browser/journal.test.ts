/** The journal in the browser's own file system. A page that dies is a worker ended without a word. SPEC W6; faults F1, F4, B27. */
import { describe, expect, test } from 'vitest'
import { opfsJournal } from '../../src/ledger/journal/opfs.ts'
import { opfsDirectory } from '../../src/ledger/journal/opfsDirectory.ts'
import { scopePath } from '../../src/ledger/journal/directory.ts'
import type { StoredFile } from '../../src/ledger/journal/directory.ts'
import type { Journal } from '../../src/ledger/journal/port.ts'
import type { MemoryLocks } from '../../src/platform/memoryLocks.ts'
import { createLockRegistry, memoryLocks } from '../../src/platform/memoryLocks.ts'
import { systemClock, webLocks } from '../../src/platform/browser.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { told } from '../ledger/support/frames.ts'
import { counted, framesOf, journalLaws } from '../ledger/support/journalLaws.ts'
import type { JournalWorld } from '../ledger/support/journalLaws.ts'

const startWorker = (): Worker =>
  new Worker(new URL('../../src/ledger/journal/worker.ts', import.meta.url), { type: 'module' })

/** Lock managers end with their page, and all of these are one page: the test's own say who is alive. */
function opfsWorld(name: string): JournalWorld & { scope: string; worker(writer: string): Worker } {
  const scope = `${name} ${crypto.randomUUID()}`
  const registry = createLockRegistry()
  const pages = new Map<string, { journal: Journal; locks: MemoryLocks; worker: Worker | null }>()
  const page = (writer: string): Journal => {
    const known = pages.get(writer)
    if (known !== undefined) return known.journal
    const locks = memoryLocks(registry)
    const worker = (): Worker => {
      const started = startWorker()
      const own = pages.get(writer)
      if (own !== undefined) own.worker = started
      return started
    }
    const journal = opfsJournal({ scope, writer, clock: systemClock, locks, worker })
    if (journal === null) throw new Error('no OPFS')
    pages.set(writer, { journal, locks, worker: null })
    return journal
  }
  const kill = async (writer: string): Promise<void> => {
    const killed = pages.get(writer)
    killed?.worker?.terminate()
    killed?.locks.die()
    pages.delete(writer)
  }
  return {
    scope,
    page,
    kill,
    worker(writer) {
      const { worker } = pages.get(writer) ?? {}
      if (!worker) throw new Error(`${writer} has no worker`)
      return worker
    },
    async cleanup() {
      const last = page('cleanup')
      for (const writer of pages.keys()) if (writer !== 'cleanup') await kill(writer)
      await last.destroy()
      await kill('cleanup')
    },
  }
}

journalLaws('OPFS', opfsWorld)

const filesOf = (scope: string): Promise<readonly StoredFile[]> => opfsDirectory(scope).list()

describe('a page', () => {
  test('W6 it makes its worker and takes its lock itself, and makes no file before it writes', async () => {
    const scope = `own ${crypto.randomUUID()}`
    const locks = webLocks()
    const writer = crypto.randomUUID()
    const journal = opfsJournal({ scope, writer, clock: systemClock, locks })
    if (journal === null) throw new Error('no OPFS')
    expect(await journal.open()).toBeNull()
    expect(await filesOf(scope)).toEqual([])
    const own = [...((await locks.held()) ?? [])].filter((name) => name.endsWith(writer))
    expect(own.length).toBe(1)
    await journal.append(told(1))
    expect((await filesOf(scope)).length).toBe(1)
    expect(await journal.compact()).toMatchObject({ after: (await journal.open())?.bytes })
    await journal.destroy()
    await journal.close()
    // Granted to the next: it was let go of.
    const release = await locks.hold(own[0] ?? '')
    release()
  })

  test('W6 what waits during a flush shares the next one, and all are acknowledged in order', async () => {
    const world = opfsWorld('group')
    const order: number[] = []
    const journal = world.page('a')
    await journal.append(told(1))
    let messages = 0
    world.worker('a').addEventListener('message', () => {
      messages += 1
    })
    const frames = Array.from({ length: 300 }, (_, index) => told(index + 2))
    await Promise.all(
      frames.map((frame) => journal.append(frame).then(() => order.push(frame.stamp?.batch ?? 0))),
    )
    expect(order).toEqual(frames.map(({ stamp }) => stamp?.batch))
    // One message a flush.
    expect(messages).toBeLessThan(150)
    expect(await framesOf(journal)).toEqual([told(1), ...frames])
    await world.cleanup()
  })

  test('fault F1: a worker ended in the middle of its frames left every acknowledged one, whole', async () => {
    for (const lasting of [1, 3, 10]) {
      const world = opfsWorld(`ended ${lasting}`)
      const journal = world.page('a')
      let acked = 0
      await new Promise<void>((resolve) => {
        for (let batch = 1; batch <= 60; batch += 1) {
          const frame = told(batch, 'r:a', 1, 'x'.repeat(20_000))
          journal.append(frame).then(
            () => {
              acked = Math.max(acked, batch)
              if (acked >= lasting) resolve()
            },
            () => {},
          )
        }
      })
      await world.kill('a')
      const next = world.page('b')
      const witness = await next.open()
      expect(witness?.batch).toBeGreaterThanOrEqual(acked)
      const found = (await framesOf(next)).map(({ stamp }) => stamp?.batch)
      expect(found).toEqual(Array.from({ length: found.length }, (_, index) => index + 1))
      expect(witness).toMatchObject({ batch: found.length, events: found.length })
      await world.cleanup()
    }
  })

  test('W6 behind a full file the next one is open before it is needed', async () => {
    const world = opfsWorld('ahead')
    const large = 'x'.repeat(1_500_000)
    for (const batch of [1, 2]) await world.page('a').append(told(batch, 'r:a', 1, large))
    const lengths = async (): Promise<number[]> =>
      (await filesOf(world.scope)).map(({ bytes }) => bytes).toSorted()
    while ((await lengths()).length === 1) await lengths()
    expect((await lengths())[0]).toBe(0)
    expect(await world.page('b').open()).toMatchObject({ batch: 2, files: 1, intact: true })
    await world.page('a').append(told(3))
    expect(await framesOf(world.page('b'))).toMatchObject([{}, {}, told(3)])
    await world.cleanup()
  })

  test('B27 the same writer goes on behind a worker that still holds its file', async () => {
    const world = opfsWorld('held')
    await world.page('a').append(told(1))
    const again = opfsJournal({ scope: world.scope, writer: 'a', clock: systemClock, locks: webLocks() })
    await again?.append(told(2))
    await again?.close()
    expect(await framesOf(world.page('b'))).toEqual([told(1), told(2)])
    await expect(world.page('b').open()).resolves.toMatchObject({ batch: 2, files: 2, intact: true })
    await world.cleanup()
  })

  test('fault F4: a worker that is dead is an error, and the next frame lands in a file of its own', async () => {
    const scope = `dead ${crypto.randomUUID()}`
    const clock = manualClock()
    const workers: Worker[] = []
    const worker = (): Worker => {
      const started = startWorker()
      workers.push(started)
      return started
    }
    const journal = opfsJournal({ scope, writer: 'a', clock, locks: memoryLocks(), worker })
    await journal?.append(told(1))
    workers[0]?.terminate()
    const late = Promise.allSettled([journal?.append(told(2)), journal?.scan()])
    await clock.advance(5_000)
    expect(await late).toMatchObject([
      { status: 'rejected', reason: { kind: 'transient' } },
      { status: 'rejected', reason: { kind: 'transient' } },
    ])
    await journal?.append(told(3))
    expect(await journal?.open()).toMatchObject({ batch: 3, files: 2, intact: true })
    expect(clock.waiting()).toBe(0)
    await journal?.destroy()
    await journal?.close()
  })

  test('fault F4: a worker that does not start is an error of the kind that is not retried', async () => {
    const worker = (): Worker => new Worker('/src/ledger/journal/no-such-worker.ts', { type: 'module' })
    const options = { scope: 'none', writer: 'a', clock: systemClock, locks: memoryLocks(), worker }
    await expect(opfsJournal(options)?.append(told(1))).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test('W6 what a living writer has written is seen by others while it has its file open', async () => {
    const world = opfsWorld('open')
    for (const batch of [1, 2, 3]) {
      await world.page('a').append(told(batch))
      expect(await world.page('b').open()).toMatchObject({ batch, events: batch * 2, intact: true })
      expect((await framesOf(world.page('b'))).length).toBe(batch)
    }
    await world.cleanup()
  })

  test('W6 destroy waits for a page that still has its file open, and for no longer than five seconds', async () => {
    const world = opfsWorld('busy')
    await world.page('a').append(told(1))
    const clock = manualClock()
    const other = opfsJournal({ scope: world.scope, writer: 'b', clock, locks: memoryLocks() })
    const refused = other?.destroy().catch((error: unknown) => error)
    while ((await Promise.race([refused, Promise.resolve('waits')])) === 'waits') {
      await clock.advance(50)
      await new Promise<void>((resolve) => void systemClock.setTimeout(resolve, 1))
    }
    expect(await refused).toMatchObject({ kind: 'transient' })
    await world.kill('a')
    await other?.destroy()
    expect(await filesOf(world.scope)).toEqual([])
    await other?.close()
  })
})

describe('scopes', () => {
  const SCOPES = [
    '',
    '/',
    '..',
    'a/b',
    'A',
    'a',
    'ä',
    '\0',
    '\uD800',
    'x'.repeat(99),
    'x'.repeat(100),
    'x'.repeat(1_000),
  ]

  test('W6 any string is a scope, and no two share a frame', async () => {
    const salt = crypto.randomUUID()
    const journals = SCOPES.map((scope) =>
      opfsJournal({ scope: `${scope}${salt}`, writer: 'a', clock: systemClock, locks: memoryLocks() }),
    )
    for (const [index, journal] of journals.entries()) await journal?.append(told(index + 1))
    for (const [index, journal] of journals.entries()) {
      expect(await journal?.open()).toMatchObject({ batch: index + 1, files: 1 })
    }
    // A scope that is the beginning of another goes alone.
    for (const [index, journal] of journals.entries()) {
      await journal?.destroy()
      expect(await journals[index + 1]?.open()).not.toBeNull()
      await journal?.close()
    }
  })
})

describe('many files', () => {
  test('W6 the witness of 200 files is the scan of 200 files, and packing makes them one', async () => {
    const world = opfsWorld('many')
    const directory = opfsDirectory(world.scope)
    const journal = world.page('idle')
    await journal.append(told(1))
    await world.kill('idle')
    const [first] = await directory.list()
    if (first === undefined) throw new Error('no file')
    const bytes = await first.read(0, first.bytes)
    const root = await handleOf(world.scope)
    for (let index = 0; index < 200; index += 1) {
      const file = await root.getFileHandle(`w${index}-1.log`, { create: true })
      const writable = await file.createWritable()
      await writable.write(bytes as Uint8Array<ArrayBuffer>)
      await writable.close()
    }
    const next = world.page('next')
    const witness = await next.open()
    expect(witness).toMatchObject({ files: 201, events: 402, batch: 1, intact: true })
    expect(witness).toMatchObject(await counted(next))
    await next.compact()
    expect(await next.open()).toMatchObject({ files: 1, events: 402, batch: 1, intact: true })
    await world.cleanup()
  }, 60_000)

  test('fault F1: a worker ended at any time of a compaction leaves every frame', async () => {
    for (let turn = 0; turn < 8; turn += 1) {
      const world = opfsWorld(`packing ${turn}`)
      const frames = Array.from({ length: 12 }, (_, index) => told(index + 1, 'r:a', 20, 'x'.repeat(2_000)))
      for (const [index, frame] of frames.entries()) {
        const writer = `w${index % 2}`
        await world.page(writer).append(frame)
      }
      for (const writer of ['w0', 'w1']) await world.kill(writer)
      const packing = world.page('packing')
      await packing.open()
      const ended = packing.compact().catch(() => {})
      const before = await filesOf(world.scope)
      // The later the turn, the further it comes: the file list is asked as often.
      for (let look = 0; look < turn; look += 1) await filesOf(world.scope)
      await world.kill('packing')
      void ended
      const next = world.page('next')
      expect(await next.open(), `${before.length} files`).toMatchObject({
        batch: 12,
        events: 240,
        intact: true,
      })
      expect(await framesOf(next)).toEqual(frames)
      await next.compact()
      expect(await next.open()).toMatchObject({ batch: 12, events: 240, files: 1, intact: true })
      expect(await framesOf(next)).toEqual(frames)
      await world.cleanup()
    }
  }, 60_000)
})

async function handleOf(scope: string): Promise<FileSystemDirectoryHandle> {
  let directory = await navigator.storage.getDirectory()
  for (const part of scopePath(scope)) directory = await directory.getDirectoryHandle(part)
  return directory
}
