/** What every journal holds to: run over memory in Node and over OPFS in Chromium. */
import { expect, test } from 'vitest'
import type { Journal, JournalFrame, Witness } from '../../../src/ledger/journal/port.ts'
import { blobOf, deletes, EMPTY_JOURNAL_FRAME, told } from './frames.ts'

/** One scope's journals: each page has a writer of its own. */
export interface JournalWorld {
  /** A page that lives; the same name again is the same page after it died. */
  page(writer: string): Journal
  /** Ends the page without a word. */
  kill(writer: string): Promise<void>
  cleanup(): Promise<void>
}

/** All frames, in order. */
export async function framesOf(journal: Journal): Promise<readonly JournalFrame[]> {
  const { heads } = await journal.scan()
  return journal.read(heads.map(({ at }) => at))
}

/** What a scan finds, as a witness would say it. */
export async function counted(journal: Journal): Promise<Pick<Witness, 'batch' | 'events' | 'intact'>> {
  const { heads, damage } = await journal.scan()
  return {
    batch: Math.max(0, ...heads.map(({ stamp }) => stamp?.batch ?? 0)),
    events: heads.reduce((sum, { net }) => sum + net, 0),
    intact: damage.length === 0,
  }
}

async function write(journal: Journal, frames: readonly JournalFrame[]): Promise<void> {
  await Promise.all(frames.map((frame) => journal.append(frame)))
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

export function journalLaws(name: string, world: (scope: string) => JournalWorld): void {
  const law = (title: string, check: (world: JournalWorld) => Promise<void>): void =>
    test(`${title} (${name})`, { timeout: 60_000 }, async () => {
      const made = world(`${name}: ${title}`)
      try {
        await check(made)
      } finally {
        await made.cleanup()
      }
    })

  law('W6 looking at a journal that is not there makes none', async ({ page }) => {
    expect(await page('a').open()).toBeNull()
    expect(await page('a').scan()).toEqual({ heads: [], damage: [] })
    expect(await page('b').open()).toBeNull()
  })

  law(
    'W6 frames land in the order of the calls and come back whole to the next page',
    async ({ page, kill }) => {
      const frames = range(1, 20).map((batch) => told(batch))
      await write(page('a'), frames)
      await kill('a')
      expect(await framesOf(page('b'))).toEqual(frames)
      expect(await page('b').open()).toMatchObject({ batch: 20, events: 40, files: 1, intact: true })
    },
  )

  law(
    'W6 a head tells what its frame holds, and frames are read in the order asked for',
    async ({ page }) => {
      const journal = page('a')
      const refused = { id: 'q1', stream: 's', position: 1, reason: 'odd', raw: '{}', at: 5 }
      const full = {
        ...told(1),
        quarantine: [refused],
        tombstones: [{ log: 'r:z' as const, at: 1, batch: 1 }],
      }
      await write(journal, [full, told(2)])
      const { heads } = await journal.scan()
      const { segments, blobs, quarantine, ...rest } = full
      expect(heads[0]).toMatchObject({
        ...rest,
        segments: segments.map(({ log, first, last }) => ({ log, first, last })),
        blobs: blobs.map(({ ref }) => ref),
        quarantine: quarantine.map(({ id }) => id),
      })
      const backwards = heads.map(({ at }) => at).toReversed()
      expect(await journal.read(backwards)).toEqual([told(2), full])
    },
  )

  law(
    'W6 heads come in the order of their stamps, last words behind what their page knew',
    async ({ page }) => {
      const [a, b] = [page('a'), page('b')]
      await a.append(told(1))
      await b.append(told(2, 'r:b'))
      await b.append({ ...told(9, 'r:b'), stamp: null })
      await a.append(told(3))
      const { heads } = await a.scan()
      expect(heads.map(({ stamp }) => stamp?.batch ?? null)).toEqual([1, 2, null, 3])
    },
  )

  law('W6 two writers in one scope: each reads both, and the witness is the scan', async ({ page }) => {
    const [a, b] = [page('a'), page('b')]
    await Promise.all([
      write(
        a,
        range(1, 10).map((batch) => told(batch * 2 - 1, 'r:a')),
      ),
      write(
        b,
        range(1, 10).map((batch) => told(batch * 2, 'r:b')),
      ),
    ])
    for (const journal of [a, b]) {
      const witness = await journal.open()
      expect(witness).toMatchObject({ batch: 20, events: 40, files: 2, intact: true })
      expect(witness).toMatchObject(await counted(journal))
    }
  })

  law('W6 full files are sealed and the witness still counts them all', async ({ page }) => {
    const journal = page('a')
    // Kept twice, as event and as result: two frames fill a file.
    const large = 'x'.repeat(1_500_000)
    for (const batch of range(1, 7)) await journal.append(told(batch, 'r:a', 1, large))
    expect(await journal.open()).toMatchObject({ batch: 7, events: 7, files: 4, intact: true })
    expect((await journal.scan()).heads.length).toBe(7)
  })

  law('W6 after close the next call begins again, in a file of its own', async ({ page }) => {
    const journal = page('a')
    await journal.append(told(1))
    await journal.close()
    await journal.append(told(2))
    expect(await journal.open()).toMatchObject({ batch: 2, files: 2, intact: true })
    expect(await framesOf(journal)).toEqual([told(1), told(2)])
  })

  law('W6 a frame that cannot be encoded costs itself, not its neighbours', async ({ page }) => {
    const journal = page('a')
    const bad = { ...told(2), commands: [{ payload: 1n }] } as unknown as JournalFrame
    const [first, second, third] = await Promise.allSettled(
      [told(1), bad, told(3)].map((each) => journal.append(each)),
    )
    expect([first?.status, second?.status, third?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(second).toMatchObject({ reason: { kind: 'invalid' } })
    expect(await framesOf(journal)).toEqual([told(1), told(3)])
  })

  law(
    'W6 packing what dead writers left changes no frame and no sum, and makes it smaller',
    async (world) => {
      const { page, kill } = world
      const frames = range(1, 30).map((batch) =>
        told(batch, `r:${batch % 3}`, 50, 'many words of the same kind'),
      )
      await write(page('a'), frames.slice(0, 10))
      await write(page('b'), frames.slice(10, 20))
      await kill('a')
      await kill('b')
      const living = page('c')
      await write(living, frames.slice(20))
      const before = await living.open()
      const sizes = await living.compact()
      expect(sizes.after).toBeLessThan(sizes.before / 1.3)
      expect(await living.open()).toMatchObject({ batch: 30, events: before?.events, files: 2, intact: true })
      expect(await framesOf(living)).toEqual(frames)
      // What a living writer has open is left alone: it goes on in the same file.
      await living.append(told(31))
      expect(await living.open()).toMatchObject({ batch: 31, files: 2, intact: true })
      expect(await living.compact()).toMatchObject({ after: (await living.open())?.bytes })
    },
  )

  law('W6 a pack is packed again with what comes next', async ({ page, kill }) => {
    const frames = range(1, 5).map((batch) => told(batch))
    for (const [index, frame] of frames.entries()) {
      await page(`w${index}`).append(frame)
      await kill(`w${index}`)
      await page('idle').compact()
      expect(await page('idle').open()).toMatchObject({ batch: index + 1, files: 1, intact: true })
    }
    expect(await framesOf(page('idle'))).toEqual(frames)
  })

  law(
    'W6 packing drops what was deleted since, keeps what came after, and the sum stays',
    async ({ page, kill }) => {
      const early = page('early')
      await write(early, [told(1, 'r:gone'), told(2, 'r:kept'), { ...told(3, 'r:gone'), stamp: null }])
      await kill('early')
      const late = page('late')
      await write(late, [deletes(4, 'r:gone', 4), told(5, 'r:gone')])
      await kill('late')
      const idle = page('idle')
      const before = await idle.open()
      await idle.compact()
      expect(await idle.open()).toMatchObject({ batch: 5, events: before?.events, files: 1, intact: true })
      const frames = await framesOf(idle)
      expect(frames.map(({ segments }) => segments.map(({ log }) => log))).toEqual([
        [],
        ['r:kept'],
        [],
        [],
        ['r:gone'],
      ])
      expect(frames.map(({ blobs }) => blobs.map(({ ref }) => ref))).toEqual([
        [],
        [blobOf('r:kept')],
        [],
        [],
        [blobOf('r:gone')],
      ])
      expect(frames[3]?.tombstones).toEqual(deletes(4, 'r:gone', 4).tombstones)
    },
  )

  law('W6 a deletion reaches packs made before it', async ({ page, kill }) => {
    await page('a').append({ ...told(1, 'r:gone'), commands: [] })
    await kill('a')
    await page('idle').compact()
    await page('b').append(deletes(2, 'r:gone', 2))
    await kill('b')
    await page('idle').compact()
    const frames = await framesOf(page('idle'))
    expect(frames.flatMap(({ segments, blobs }) => [...segments, ...blobs])).toEqual([])
    expect(await page('idle').open()).toMatchObject({ batch: 2, events: 0, files: 1 })
  })

  law('W6 destroy leaves nothing, and the journal can begin again', async ({ page, kill }) => {
    await page('a').append(told(1))
    await kill('a')
    const journal = page('b')
    await journal.append(told(2))
    await journal.destroy()
    expect(await journal.open()).toBeNull()
    await journal.append({ ...EMPTY_JOURNAL_FRAME, stamp: { batch: 3, events: 0 } })
    expect(await journal.open()).toMatchObject({ batch: 3, events: 0, files: 1, intact: true })
  })
}
