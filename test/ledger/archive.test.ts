/** The archive's lines: what is written is bounded and free of anything volatile; what is read may be anything. */
import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryContentStore } from '../../src/ledger/contentStore.ts'
import {
  ArchiveError,
  assertHeader,
  exportLines,
  LINE_LIMIT,
  parseLine,
  readLines,
} from '../../src/ledger/archive.ts'
import { contentRef } from '../../src/core/ids.ts'
import { memoryLedger } from '../../src/ledger/memory.ts'
import { chatter, chronicle, command, ended, started, tells } from '../../src/testing/conformance/samples.ts'

const HEADER = '{"format":"run-ledger-archive","version":1}'

async function linesOf(file: Blob) {
  const lines: { number: number; text: string | null }[] = []
  for await (const { number, text } of readLines(file)) lines.push({ number, text })
  return lines
}

describe('lines', () => {
  test('any text, cut into lines and put together again, is the same, whatever its bytes', async () => {
    const piece = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.replaceAll(/[\r\n]/g, ' '))
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 30 }),
        fc.constantFrom('\n', '\r\n'),
        async (pieces, end) => {
          const whole = pieces.map((each) => each.replace(/^\ufeff/, ''))
          const found = await linesOf(new Blob([whole.join(end)]))
          expect(found).toEqual(whole.flatMap((text, at) => (text === '' ? [] : [{ number: at + 1, text }])))
        },
      ),
      { numRuns: 20 },
    )
  })

  test('S1 a line without end is read over, not collected, and the next ones are there', async () => {
    const long = new Blob(['x'.repeat(1024 * 1024)])
    const parts = [
      HEADER,
      '\n',
      ...Array.from({ length: LINE_LIMIT / 1024 / 1024 + 2 }, () => long),
      '\n{}\nlast',
    ]
    expect(await linesOf(new Blob(parts))).toEqual([
      { number: 1, text: HEADER },
      { number: 2, text: null },
      { number: 3, text: '{}' },
      { number: 4, text: 'last' },
    ])
  })

  test('signs of several bytes survive the border between two chunks', async () => {
    const text = `${'x'.repeat(1024 * 1024 - 2)}🜁é`
    expect(await linesOf(new Blob([text, '\n', text]))).toEqual([
      { number: 1, text },
      { number: 2, text },
    ])
  })
})

describe('headers', () => {
  test.each(['', 'null', '[]', '{}', 'PK\u0003', '{"format":"other","version":1}'])(
    '%j is no archive',
    (text) => {
      expect(() => assertHeader(text)).toThrow(
        new ArchiveError('This file is not an archive of a run ledger.'),
      )
    },
  )
  test('M1 a later version is refused by its number', () => {
    expect(() => assertHeader('{"format":"run-ledger-archive","version":2}')).toThrow(
      /has version 2; only version 1/,
    )
    expect(() => assertHeader(HEADER)).not.toThrow()
  })
})

describe('parsing', () => {
  test('A1 nothing a line can hold makes it throw', () => {
    const known = fc.record(
      {
        log: fc.anything(),
        head: fc.anything(),
        event: fc.anything(),
        blob: fc.anything(),
        content: fc.anything(),
        command: fc.anything(),
        end: fc.anything(),
      },
      { requiredKeys: [] },
    )
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      known.map((value) =>
        JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? 0 : each)),
      ),
    )
    fc.assert(
      fc.property(text, (line) => {
        expect(['log', 'event', 'blob', 'content', 'command', 'end', 'bad']).toContain(parseLine(line).kind)
      }),
      { numRuns: 500 },
    )
    expect(parseLine('['.repeat(100_000)).kind).toBe('bad')
    expect(parseLine('{"__proto__":{"event":{}}}').kind).toBe('bad')
  })

  test('a command is taken with its own fields only, and only if it is one', () => {
    const good = command('c', 'r:a', 'applied')
    expect(parseLine(JSON.stringify({ command: { ...good, extra: 1 } }))).toEqual({
      kind: 'command',
      command: good,
    })
    for (const wrong of [
      { verb: 'explode' },
      { log: 'x' },
      { createdAt: 'now' },
      { id: '' },
      { state: null },
    ]) {
      expect(parseLine(JSON.stringify({ command: { ...good, ...wrong } })).kind).toBe('bad')
    }
  })
})

describe('exporting', () => {
  test('texts come ahead of the event that names them, each once; commands only when settled', async () => {
    const ledger = memoryLedger()
    const content = memoryContentStore()
    const story = chronicle()
    const blob = { ref: contentRef('r:a', 'live', 9, 'state'), text: 'whole state' }
    await content.put('doc:1', 'a document')
    await content.put('doc:2', 'of nobody')
    const settled = { ...command('done', 'r:a', 'applied'), settledAt: 5 }
    await ledger.write(
      story.tell(
        [
          started('r:a'),
          tells('r:a', 'checkpoint.saved', { state: { preview: 'whole', chars: 11, ref: blob.ref } }),
          tells('r:a', 'checkpoint.saved', { state: { preview: 'whole', chars: 11, ref: blob.ref } }),
          tells('w:b', 'workflow.registered', {
            definitionId: 'd',
            phases: [],
            input: { documents: [{ ref: 'doc:1' }, { ref: 'doc:gone' }] },
          }),
        ],
        { blobs: [blob], commands: [settled, command('open', 'r:a', 'sending')] },
      ),
    )
    const shape = async (contents: boolean) => {
      const lines: string[] = []
      for await (const line of exportLines(ledger, content, { logs: ['r:a', 'w:b'], contents }))
        lines.push(line)
      expect(lines.every((line) => line.endsWith('\n') && !line.slice(0, -1).includes('\n'))).toBe(true)
      return lines.map((line) => {
        const value = JSON.parse(line) as Record<string, { type?: string; ref?: string; id?: string }>
        const [key = ''] = Object.keys(value)
        return value[key]?.type ?? value[key]?.ref ?? value[key]?.id ?? line.trim()
      })
    }
    const all = [
      HEADER,
      '{"log":"r:a","head":3}',
      'run.registered',
      blob.ref,
      'checkpoint.saved',
      'checkpoint.saved',
      'done',
      '{"log":"w:b","head":1}',
      'doc:1',
      'workflow.registered',
      '{"end":{"logs":2}}',
    ]
    expect(await shape(true)).toEqual(all)
    expect(await shape(false)).toEqual(all.filter((each) => each !== 'doc:1'))
  })

  test('P1 the ledger is read in bounded pieces, and what is appended meanwhile waits for the next archive', async () => {
    const ledger = memoryLedger()
    const story = chronicle()
    await ledger.write(story.tell([started('r:a'), ...chatter('r:a', 999)]))
    const limits: number[] = []
    let appended = false
    const watched = {
      ...ledger,
      async readEvents(...[log, query]: Parameters<typeof ledger.readEvents>) {
        limits.push(query.limit)
        if (!appended) await ledger.write(story.tell([ended('r:a', 5_000)]))
        appended = true
        return ledger.readEvents(log, query)
      },
    }
    let events = 0
    const options = { logs: ['r:a' as const], contents: true }
    for await (const line of exportLines(watched, memoryContentStore(), options)) {
      if (line.startsWith('{"event"')) events += 1
    }
    expect(events).toBe(1_000)
    expect(limits).toEqual([256, 256, 256, 256])
  })
})
