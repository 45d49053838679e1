/** A page that goes away while it writes, and the next one. The page is a frame: it really ends. SPEC W1, W2, W6. */
import { expect, test } from 'vitest'
import { refold } from '../../src/core/accept.ts'
import { indexedDbLedger } from '../../src/ledger/indexedDb.ts'
import { INTACT } from '../../src/ledger/port.ts'
import { ALL, contentsOf } from '../../src/testing/conformance/context.ts'
import { chronicle, fullBatch } from '../../src/testing/conformance/samples.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import { databaseName } from '../../src/ledger/indexedDb.ts'
import { freshDisk } from '../ledger/support/databases.ts'

test('W2 a new page reads what the last one wrote, to the byte', async () => {
  const disk = await freshDisk()
  const story = chronicle()
  const batch = story.keep(fullBatch(story, 'a'))
  await disk.ledger.write(batch)
  const before = JSON.stringify(await contentsOf(disk.ledger, batch))
  await disk.ledger.close()
  expect(JSON.stringify(await contentsOf(await disk.reopen(), batch))).toBe(before)
  await disk.cleanup()
})

/** What the frame runs: batches of two events and their cursor, one after the other, without end. */
const PAGE = (scope: string) => `<script type="module">
  const { indexedDbLedger } = await import('/src/ledger/indexedDb.ts')
  const { chronicle, started, chatter, cursor } = await import('/src/testing/conformance/samples.ts')
  const { manualClock } = await import('/src/testing/manualClock.ts')
  const ledger = indexedDbLedger({ scope: ${JSON.stringify(scope)}, clock: manualClock() })
  const story = chronicle()
  for (let batch = 1; ; batch += 1) {
    const told = batch === 1 ? [started('r:a'), ...chatter('r:a', 1)] : chatter('r:a', 2)
    const write = ledger.write(story.tell(told, { cursors: [cursor('live', batch)], durability: 'strict' }))
    parent.postMessage({ scope: ${JSON.stringify(scope)}, submitted: batch }, '*')
    await write
    parent.postMessage({ scope: ${JSON.stringify(scope)}, acked: batch }, '*')
  }
</script>`

test('W1 W6 a page that goes away in the middle of its writes left every acknowledged batch, whole', async () => {
  for (const lasting of [1, 4, 9]) {
    const scope = `frame ${Date.now()} ${lasting}`
    const told = { acked: 0, submitted: 0 }
    const frame = document.createElement('iframe')
    await new Promise<void>((resolve) => {
      addEventListener(
        'message',
        function listen({ data }: MessageEvent<{ scope?: string } & Partial<typeof told>>) {
          if (data.scope !== scope) return
          told.acked = data.acked ?? told.acked
          told.submitted = data.submitted ?? told.submitted
          // The next write is under way: its page ends here.
          if (told.acked < lasting || told.submitted === told.acked) return
          removeEventListener('message', listen)
          frame.remove()
          resolve()
        },
      )
      frame.srcdoc = PAGE(scope)
      document.body.append(frame)
    })
    const ledger = indexedDbLedger({ scope, clock: manualClock() })
    await ledger.open()
    const events = await ledger.readEvents('r:a', { after: 0, limit: ALL })
    const at = (await ledger.readCursor('live'))?.position ?? 0
    expect(at).toBeGreaterThanOrEqual(told.acked)
    expect(events.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: at * 2 }, (_, index) => index + 1),
    )
    const record = (await ledger.readRecords(['r:a'])).get('r:a')
    expect(JSON.stringify(record)).toBe(JSON.stringify(refold(events)?.record))
    expect(await ledger.check()).toEqual(INTACT)
    await ledger.close()
    indexedDB.deleteDatabase(databaseName(scope))
  }
})
