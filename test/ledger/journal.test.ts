/** The journal over memory: its laws, and disks that fail, die and rot. SPEC W6; faults F1, F2, F4. */
import { expect, test } from 'vitest'
import { FOOTER_BYTES } from '../../src/ledger/journal/envelope.ts'
import { memoryDisk, memoryJournal } from '../../src/ledger/journal/memory.ts'
import type { MemoryDisk } from '../../src/ledger/journal/memory.ts'
import type { Journal } from '../../src/ledger/journal/port.ts'
import type { MemoryLocks } from '../../src/platform/memoryLocks.ts'
import { createLockRegistry, memoryLocks } from '../../src/platform/memoryLocks.ts'
import { told } from './support/frames.ts'
import { counted, framesOf, journalLaws } from './support/journalLaws.ts'
import type { JournalWorld } from './support/journalLaws.ts'

interface MemoryWorld extends JournalWorld {
  disk: MemoryDisk
}

function memoryWorld(): MemoryWorld {
  const disk = memoryDisk()
  const registry = createLockRegistry()
  const pages = new Map<string, { journal: Journal; locks: MemoryLocks }>()
  return {
    disk,
    page(writer) {
      const known = pages.get(writer)
      if (known !== undefined) return known.journal
      const locks = memoryLocks(registry)
      const journal = memoryJournal({ disk, writer, locks })
      pages.set(writer, { journal, locks })
      return journal
    },
    async kill(writer) {
      pages.get(writer)?.locks.die()
      pages.delete(writer)
      for (const name of disk.open) if (name.startsWith(`${writer}-`)) disk.open.delete(name)
    },
    cleanup: async () => {},
  }
}

journalLaws('memory', memoryWorld)

/** The one file there is. */
function onlyFile({ files }: MemoryDisk): [name: string, bytes: Uint8Array] {
  expect(files.size).toBe(1)
  const [file] = files
  if (file === undefined) throw new Error('no file')
  return file
}

test('fault F1: wherever the last file is cut, open says so and counts what is whole', async () => {
  const { disk, page, kill } = memoryWorld()
  for (const batch of [1, 2, 3]) await page('a').append(told(batch))
  await kill('a')
  const [name, whole] = onlyFile(disk)
  for (let cut = 1; cut < whole.length; cut += 1) {
    disk.files.set(name, whole.slice(0, cut))
    const witness = await page('b').open()
    const { batch, events } = await counted(page('b'))
    expect(witness).toMatchObject({ batch, events })
    // A file cut between two frames is a shorter file: only its sums tell.
    if (witness?.intact === true) expect(witness.batch).toBeLessThan(3)
  }
})

test('fault F1: after a torn end the next page writes a file of its own and all of both is read', async () => {
  const { disk, page, kill } = memoryWorld()
  for (const batch of [1, 2]) await page('a').append(told(batch))
  await kill('a')
  const [name, whole] = onlyFile(disk)
  disk.files.set(name, whole.slice(0, -FOOTER_BYTES - 1))
  await page('a').append(told(3))
  expect(await framesOf(page('a'))).toEqual([told(1), told(3)])
  expect((await page('a').scan()).damage).toMatchObject([{ file: name, kind: 'torn-tail' }])
  expect(await page('a').open()).toMatchObject({ batch: 3, events: 4, files: 2, intact: false })
})

test('fault F2: damage in the middle costs one frame, is reported, and is never packed away', async () => {
  const { disk, page, kill } = memoryWorld()
  for (const batch of [1, 2, 3]) await page('a').append(told(batch))
  await kill('a')
  const [name, bytes] = onlyFile(disk)
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  expect(await framesOf(page('b'))).toEqual([told(1), told(3)])
  await page('b').compact()
  expect((await page('b').scan()).damage).toMatchObject([{ file: name, kind: 'damaged' }])
  expect(disk.files.get(name)).toEqual(bytes)
})

for (const kind of ['create', 'write', 'flush'] as const) {
  test(`fault F4: a disk that is full at ${kind} fails the frame; with room the next one is written whole`, async () => {
    const { disk, page } = memoryWorld()
    const journal = page('a')
    await journal.append(told(1))
    if (kind === 'create') await journal.close()
    disk.onChange = (change) => {
      if (change.kind === kind) throw new DOMException('no room', 'QuotaExceededError')
    }
    await expect(journal.append(told(2))).rejects.toMatchObject({ kind: 'capacity' })
    await expect(journal.append(told(2))).rejects.toMatchObject({ kind: 'capacity' })
    disk.onChange = () => {}
    await journal.append(told(3))
    // What failed in the flush alone may be there; what was acknowledged must be.
    const batches = (await framesOf(journal)).map(({ stamp }) => stamp?.batch)
    expect(batches.filter((batch) => batch !== 2)).toEqual([1, 3])
    expect(await journal.open()).toMatchObject({ intact: true })
  })
}

test('fault F4: a torn write is never written behind', async () => {
  const { disk, page } = memoryWorld()
  const journal = page('a')
  await journal.append(told(1))
  disk.onChange = ({ kind, file }) => {
    if (kind === 'flush') return
    // Half a frame lands, and the disk refuses to cut it off again.
    const bytes = disk.files.get(file) ?? new Uint8Array()
    const torn = new Uint8Array(bytes.length + 30)
    torn.set(bytes)
    torn.set([0xff, 0x52, 0x4c, 0x4a], bytes.length)
    if (kind === 'write') disk.files.set(file, torn)
    throw new DOMException('no room', 'QuotaExceededError')
  }
  await expect(journal.append(told(2))).rejects.toMatchObject({ kind: 'capacity' })
  disk.onChange = () => {}
  await journal.append(told(3))
  expect(await framesOf(journal)).toEqual([told(1), told(3)])
  expect(await journal.open()).toMatchObject({ batch: 3, files: 2, intact: false })
})

/** Two dead writers' files and a pack of two others, with a deletion among them. */
async function grown(): Promise<MemoryWorld> {
  const world = memoryWorld()
  for (const batch of [1, 2]) await world.page('a').append(told(batch))
  await world.kill('a')
  await world.page('idle').compact()
  for (const batch of [3, 4]) await world.page('b').append(told(batch, 'r:b'))
  await world.page('c').append(told(5, 'r:c'))
  for (const writer of ['b', 'c', 'idle']) await world.kill(writer)
  return world
}

test('fault F1: a compaction that dies at any step changes no sum and loses no frame; the next one ends it', async () => {
  const frames = [told(1), told(2), told(3, 'r:b'), told(4, 'r:b'), told(5, 'r:c')]
  const whole = await grown()
  let steps = 0
  whole.disk.onChange = () => {
    steps += 1
  }
  await whole.page('d').compact()
  expect(steps).toBeGreaterThan(8)
  for (let last = 0; last < steps; last += 1) {
    const { disk, page, kill } = await grown()
    let step = 0
    disk.onChange = () => {
      step += 1
      if (step > last) throw new Error('the page died')
    }
    await page('d')
      .compact()
      .catch(() => {})
    await kill('d')
    disk.onChange = () => {}
    expect(await page('e').open(), `died at ${last}`).toMatchObject({ batch: 5, events: 10, intact: true })
    expect(await framesOf(page('e'))).toEqual(frames)
    await page('e').compact()
    expect(disk.files.size, `died at ${last}`).toBe(1)
    expect(await page('e').open()).toMatchObject({ batch: 5, events: 10, files: 1, intact: true })
    expect(await framesOf(page('e'))).toEqual(frames)
  }
})

test('fault F1: a compaction whose last write is torn at any byte counts for nothing', async () => {
  const { disk, page } = await grown()
  const before = new Map([...disk.files].map(([name, bytes]) => [name, bytes.slice()]))
  await page('d').compact()
  const [name, pack] = onlyFile(disk)
  for (let cut = 0; cut < pack.length; cut += 7) {
    disk.files = new Map([...before, [name, pack.slice(0, cut)]])
    const witness = await page('e').open()
    expect(witness, `cut at ${cut}`).toMatchObject({ batch: 5, events: 10 })
    expect((await framesOf(page('e'))).length).toBe(5)
    await page('e').compact()
    expect(disk.files.size, `cut at ${cut}`).toBe(1)
    expect(await page('e').open()).toMatchObject({ batch: 5, events: 10, files: 1, intact: true })
  }
})

test('fault F2: a damaged pack beside the files it came from costs nothing', async () => {
  const { disk, page } = await grown()
  const before = new Map([...disk.files].map(([name, bytes]) => [name, bytes.slice()]))
  await page('d').compact()
  const [name, pack] = onlyFile(disk)
  const damaged = pack.slice()
  const middle = Math.floor(pack.length / 2)
  damaged[middle] = (damaged[middle] ?? 0) ^ 1
  disk.files = new Map([...before, [name, damaged]])
  const batches = async (): Promise<unknown> =>
    (await framesOf(page('e')))
      .map(({ stamp }) => stamp?.batch)
      .filter((batch, at, all) => all.indexOf(batch) === at)
  expect(await batches()).toEqual([1, 2, 3, 4, 5])
  await page('e').compact()
  expect(await batches()).toEqual([1, 2, 3, 4, 5])
})

test('fault F3: without locks nobody is known to be dead, and nothing is packed', async () => {
  const disk = memoryDisk()
  const locks = { hold: async () => () => {}, held: async () => null }
  const journal = memoryJournal({ disk, locks })
  await journal.append(told(1))
  await journal.close()
  const before = new Map(disk.files)
  expect(await journal.compact()).toEqual({ before: 0, after: 0 })
  expect(disk.files).toEqual(before)
})

test('fault F2: a pack that does not read back is given up, and the files it came from stay', async () => {
  const { disk, page } = await grown()
  const before = new Set(disk.files.keys())
  disk.onChange = ({ kind, file }) => {
    const bytes = disk.files.get(file)
    if (kind === 'flush' && file.endsWith('.pack') && bytes !== undefined) bytes[100] = (bytes[100] ?? 0) ^ 1
  }
  // Two flushes would undo each other.
  const flip = disk.onChange
  disk.onChange = (change) => {
    flip(change)
    if (change.kind === 'flush') disk.onChange = () => {}
  }
  await expect(page('d').compact()).rejects.toMatchObject({ kind: 'transient' })
  expect(new Set(disk.files.keys())).toEqual(before)
  expect((await framesOf(page('e'))).length).toBe(5)
})

test('W6 a pack of several blocks counts all of them', async () => {
  const { disk, page, kill } = memoryWorld()
  const frames = [1, 2, 3].map((batch) => told(batch, 'r:a', 2, 'x'.repeat(400_000)))
  for (const frame of frames) {
    await page('a').append(frame)
    await page('a').close()
  }
  await kill('a')
  await page('b').compact()
  expect(disk.files.size).toBe(1)
  expect(await page('b').open()).toMatchObject({ batch: 3, events: 6, files: 1, intact: true })
  expect(await framesOf(page('b'))).toEqual(frames)
})
