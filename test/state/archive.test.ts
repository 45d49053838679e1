/** Archives through the whole ledger: out and in again byte for byte, add-only, and twice is once. SPEC A2, A3. */
import { afterEach, describe, expect, test } from 'vitest'
import { memoryStorage, runLog, workflowLog } from '../../src/index.ts'
import type { LogId } from '../../src/index.ts'
import type { ArchiveScope } from '../../src/state/archive/archive.ts'
import { at } from '../../src/state/table.ts'
import { randomEvent, seeded } from '../../src/testing/conformance/samples.ts'
import { newScope, openPage, research, script } from './support/page.ts'
import type { Page, Script } from './support/page.ts'

let pages: Page[] = []
afterEach(async () => {
  for (const page of pages) await page.ledger.dispose()
  pages = []
})

async function open(scope = newScope()): Promise<Page> {
  const page = openPage(scope, { idle: async () => {} })
  pages.push(page)
  await page.boot()
  return page
}

async function told(page: Page, { stream }: Script, events: readonly object[]): Promise<void> {
  page.source.emit(stream, events)
  await page.ledger.whenIdle()
}

async function archiveOf(page: Page, scope?: ArchiveScope): Promise<string> {
  let text = ''
  for await (const line of page.ledger.archive.export(scope)) text += line
  return text
}

const fileOf = (text: string): Blob => new Blob([text])

/** A research that ended, with a document, a long result and a long tool output. */
async function finished(page: Page, id = 'wf1'): Promise<Script> {
  const told1 = script(`live:${id}`)
  const run = runLog(`${id}.research.1`)
  await page.ledger.content.put('doc:1', 'the document')
  const events = research(told1, id)
  const [registered] = events as { payload: Record<string, unknown> }[]
  if (registered !== undefined)
    registered.payload['input'] = { documents: [{ name: 'a.md', ref: 'doc:1', chars: 12 }] }
  await told(page, told1, [
    ...events,
    told1.event(run, 'tool.finished', { callId: 'c2', status: 'completed', output: 'long '.repeat(2_000) }),
    told1.event(run, 'checkpoint.saved', { state: 'state '.repeat(1_000) }),
    told1.event(run, 'run.transitioned', {
      to: 'completed',
      trigger: 'result_received',
      output: 'é🜁\n"'.repeat(3_000),
    }),
    told1.event(workflowLog(id), 'workflow.transitioned', { to: 'completed', trigger: 'result_received' }),
  ])
  return told1
}

/** The bodies an archive holds of a log, as lines. */
const linesAbout = (archive: string, log: LogId): string[] =>
  archive.split('\n').filter((line) => line.includes(`"log":${JSON.stringify(log)}`))

describe('out and in again', () => {
  test('A2 an archive taken in by an empty ledger comes out byte for byte, with every text', async () => {
    const first = await open()
    await finished(first)
    const archive = await archiveOf(first)
    expect(archive.match(/\{"blob"/g)).toHaveLength(2)
    expect(archive.match(/\{"content"/g)).toHaveLength(2)

    const second = await open()
    const result = await second.ledger.archive.import(fileOf(archive))
    expect(result).toMatchObject({ added: 2, grown: 0, interrupted: 0, differing: 0, refused: 0, texts: 4 })
    expect(await archiveOf(second)).toBe(archive)
    expect(at(second.state().runs.records, 'r:wf1.research.1')).toEqual(
      at(first.state().runs.records, 'r:wf1.research.1'),
    )
    expect(await second.ledger.content.get('doc:1')).toBe('the document')
  })

  test('A2 any history comes out as it went in', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const random = seeded(seed)
      const first = await open()
      const logs: LogId[] = ['r:a', 'r:b', 'w:c']
      const events = Array.from({ length: 120 }, (_, at) => {
        const { log, type, payload, timestamp } = randomEvent(random, random.pick(logs), at)
        return { log, type, payload, timestamp, position: at + 1 }
      })
      await told(first, script(), events)
      // Settled, so that nobody has to settle them on the other side.
      const ends = logs.map((log, at) => ({
        log,
        type: log.startsWith('r:') ? 'run.transitioned' : 'workflow.transitioned',
        payload: { to: 'failed', trigger: 'errored' },
        timestamp: 1_800_000_000_000,
        position: 121 + at,
      }))
      await told(first, script(), ends)
      const archive = await archiveOf(first)
      const second = await open()
      const result = await second.ledger.archive.import(fileOf(archive))
      expect(result).toMatchObject({ added: 3, refused: 0, interrupted: 0 })
      expect(await archiveOf(second)).toBe(archive)
      for (const log of logs)
        expect(at(second.state().runs.records, log)).toEqual(at(first.state().runs.records, log))
    }
  })

  test('A2 importing twice equals once, and so does importing what is here already', async () => {
    const first = await open()
    await finished(first)
    const archive = await archiveOf(first)
    const again = await first.ledger.archive.import(fileOf(archive))
    expect(again).toMatchObject({ added: 0, grown: 0, events: 0, texts: 0, commands: 0, interrupted: 0 })
    expect(await archiveOf(first)).toBe(archive)

    const second = await open()
    await second.ledger.archive.import(fileOf(archive))
    const counts = second.state().ledger.stored
    await second.ledger.archive.import(fileOf(archive))
    expect(second.state().ledger.stored).toEqual(counts)
    expect(await archiveOf(second)).toBe(archive)
  })

  test('one run, its tree or everything', async () => {
    const page = await open()
    await finished(page, 'wf1')
    await finished(page, 'wf2')
    const heads = (archive: string) => [...archive.matchAll(/^\{"log":"([^"]+)"/gm)].map(([, log]) => log)
    expect(heads(await archiveOf(page, { log: 'r:wf1.research.1' }))).toEqual(['r:wf1.research.1'])
    expect(heads(await archiveOf(page, { log: 'r:wf2.research.1', tree: true }))).toEqual([
      'r:wf2.research.1',
      'w:wf2',
    ])
    expect(heads(await archiveOf(page))).toHaveLength(4)
    expect((await archiveOf(page, { contents: false })).includes('{"content"')).toBe(false)
  })
})

describe('runs that were in flight', () => {
  test('come back as interrupted, inferred, by one event after the archived ones', async () => {
    const first = await open()
    await told(first, script(), research(script()))
    const archive = await archiveOf(first)

    const second = await open()
    const result = await second.ledger.archive.import(fileOf(archive))
    expect(result).toMatchObject({ added: 2, interrupted: 2 })
    const record = at(second.state().runs.records, 'r:wf1.research.1')
    expect(record?.entity === 'run' && record.run).toMatchObject({
      status: 'interrupted',
      inferred: true,
      trigger: 'imported',
    })
    const after = await archiveOf(second)
    for (const log of ['w:wf1', 'r:wf1.research.1'] as const) {
      const before = linesAbout(archive, log).filter((line) => line.startsWith('{"event"'))
      const events = linesAbout(after, log).filter((line) => line.startsWith('{"event"'))
      expect(events.slice(0, -1)).toEqual(before)
    }
    // Once more, from the old archive and from the new one: nothing to add.
    for (const text of [archive, after]) {
      expect(await second.ledger.archive.import(fileOf(text))).toMatchObject({
        added: 0,
        grown: 0,
        interrupted: 0,
      })
    }
    expect(await archiveOf(second)).toBe(after)
  })

  test('stay as they are when their owner says that they live', async () => {
    const first = await open()
    await told(first, script(), research(script()))
    const archive = await archiveOf(first)
    const second = await open()
    for (const log of ['w:wf1', 'r:wf1.research.1'] as const)
      second.source.evidence.set(log, { kind: 'live' })
    expect(await second.ledger.archive.import(fileOf(archive))).toMatchObject({ added: 2, interrupted: 0 })
    expect(await archiveOf(second)).toBe(archive)
  })
})

describe('what is here already', () => {
  test('a shorter log gets what it lacks; its texts come along', async () => {
    const first = await open()
    await finished(first)
    const archive = await archiveOf(first)
    const lines = archive.split('\n')
    // The beginning of the agent run only, as another device may have it.
    const start = lines.findIndex((line) => line.startsWith('{"log":"r:'))
    const part = [...lines.slice(0, start + 4), '{"end":{"logs":1}}']
      .join('\n')
      .replace(/"head":\d+/, '"head":3')
    const second = await open()
    for (const log of ['r:wf1.research.1'] as const) second.source.evidence.set(log, { kind: 'live' })
    expect(await second.ledger.archive.import(fileOf(part))).toMatchObject({ added: 1, events: 3 })

    const diff = await second.ledger.archive.inspect(fileOf(archive))
    expect(diff.logs.map(({ log, verdict, adds }) => [log, verdict, adds])).toEqual([
      ['r:wf1.research.1', 'grows', 5],
      ['w:wf1', 'new', 5],
    ])
    expect(await second.ledger.archive.import(fileOf(archive))).toMatchObject({
      added: 1,
      grown: 1,
      events: 10,
    })
    expect(await archiveOf(second)).toBe(archive)
  })

  test('a log that says something else is reported and not touched, texts included', async () => {
    const first = await open()
    await finished(first)
    const archive = await archiveOf(first)
    const other = archive
      .replace('"name":"read_passage"', '"name":"another_tool"')
      .replace('{"log":"r:wf1.research.1","head":8}', '{"log":"r:wf1.research.1","head":9}')
      .replace('"text":"the document"', '"text":"another document"')
      .replace('"head":9}', '"head":9}\n{"content":{"ref":"doc:new","text":"new"}}')
    const diff = await first.ledger.archive.inspect(fileOf(other))
    expect(diff.logs.map(({ verdict, differsAt }) => [verdict, differsAt])).toEqual([
      ['differs', 5],
      ['same', null],
    ])
    // The document it has under a name that is free here is not taken either.
    expect(diff.texts).toEqual({ adds: 0, differs: 1 })
    expect(await first.ledger.archive.import(fileOf(other))).toMatchObject({
      differing: 1,
      added: 0,
      events: 0,
      texts: 0,
    })
    expect(await first.ledger.content.get('doc:new')).toBe(null)
    expect(await archiveOf(first)).toBe(archive)
  })

  test('W5 a log that is written between the look and the import is not built upon', async () => {
    const first = await open()
    await finished(first)
    const archive = await archiveOf(first)
    const storage = memoryStorage()
    const live = script('live:meanwhile')
    let meanwhile = async (): Promise<void> => {}
    const content = {
      ...storage.content,
      async put(ref: string, text: string): Promise<void> {
        await meanwhile()
        await storage.content.put(ref, text)
      },
    }
    const second = openPage(newScope(), { idle: async () => {}, storage: { ...storage, content } })
    pages.push(second)
    await second.boot()
    meanwhile = async () => {
      meanwhile = async () => {}
      await told(second, live, [live.event('r:wf1.research.1', 'run.registered', { status: 'running' })])
    }
    const result = await second.ledger.archive.import(fileOf(archive))
    expect(result).toMatchObject({ movedOn: ['r:wf1.research.1'], added: 1, events: 5 })
    expect(linesAbout(await archiveOf(second), 'r:wf1.research.1')).toHaveLength(2)
  })

  test('inspecting changes nothing', async () => {
    const first = await open()
    await finished(first)
    const archive = await archiveOf(first)
    const second = await open()
    const empty = await archiveOf(second)
    const diff = await second.ledger.archive.inspect(fileOf(archive))
    expect(diff).toMatchObject({ complete: true, texts: { adds: 4, differs: 0 }, refused: { count: 0 } })
    expect(await archiveOf(second)).toBe(empty)
    expect(await second.ledger.content.get('doc:1')).toBe(null)
  })

  test('a log that grew here in the meantime keeps what it has', async () => {
    const first = await open()
    const live = await finished(first)
    const archive = await archiveOf(first)
    await told(first, live, [
      live.event('w:wf1', 'workflow.attempt_started', { trigger: 'restart', status: 'running' }),
    ])
    const longer = await archiveOf(first)
    expect((await first.ledger.archive.inspect(fileOf(archive))).logs.map(({ verdict }) => verdict)).toEqual([
      'same',
      'same',
    ])
    await first.ledger.archive.import(fileOf(archive))
    expect(await archiveOf(first)).toBe(longer)
  })
})

describe('hostile and broken files', () => {
  const HEADER = '{"format":"run-ledger-archive","version":1}'
  const event = (sequence: number, rest: object = {}) =>
    JSON.stringify({
      event: {
        log: 'r:a',
        sequence,
        type: 'foreign',
        payload: { source: 's', name: 'n', value: sequence },
        timestamp: 1_770_000_000_000,
        attempt: 1,
        stream: 's',
        position: sequence,
        ...rest,
      },
    })

  test('A3 every line that cannot be used is named by its number and quarantined once; the others are taken', async () => {
    const deep = `${'['.repeat(200)}${']'.repeat(200)}`
    const bad = [
      'no json',
      '{"nothing":1}',
      event(2, { log: 'r:b' }),
      event(1),
      event(3, { timestamp: 5 }),
      event(4, { payload: JSON.parse(`{"source":"s","name":"n","value":${deep}}`) as unknown }),
      '{"event":{"log":"r:a","sequence":5,"__proto__":{"x":1}}}',
      event(6, { stream: '' }),
      event(7, { type: 'text.delta', payload: { kind: 'text', text: 'x' } }),
      '{"blob":{"ref":"c:r%3Ab:s:1:state","text":"of another"}}',
      '{"blob":{"ref":"doc:1","text":"not a blob of ours"}}',
      JSON.stringify({ command: { id: 'c', log: 'r:b' } }),
      '{"log":"r:a","head":3}',
    ]
    const text = [
      HEADER,
      event(1),
      '{"log":"r:a","head":9}',
      event(1),
      ...bad.slice(0, -1),
      event(9),
      bad.at(-1),
      '{"end":{"logs":2}}',
    ]
    const page = await open()
    const file = fileOf(text.join('\n'))
    const result = await page.ledger.archive.import(file)
    expect(result.refused).toBe(bad.length + 1)
    const refused = page.state().ledger.quarantine
    expect(refused.map(({ position }) => Number(position)).toSorted((a, b) => a - b)).toEqual([
      2,
      ...bad.slice(0, -1).map((_, at) => at + 5),
      18,
    ])
    // What was refused is missing in its place, and said so.
    const events = await archiveOf(page)
    const types = [...events.matchAll(/"type":"([^"]+)"/g)].map(([, type]) => type)
    expect(types).toEqual(['foreign', 'log.gap', 'foreign', 'run.transitioned'])
    expect(events).toContain('"payload":{"stream":"ledger:archive","from":2,"to":8}')

    const again = await page.ledger.archive.import(file)
    expect(again).toMatchObject({ added: 0, grown: 0, events: 0 })
    expect(page.state().ledger.quarantined).toBe(bad.length + 1)
    expect(await archiveOf(page)).toBe(events)
  })

  test('W7 an archive that was cut off says so; what is there is taken, and the rest can follow', async () => {
    const first = await open()
    await finished(first)
    const archive = await archiveOf(first)
    for (const share of [0.2, 0.5, 0.9]) {
      const second = await open()
      const cut = archive.slice(0, Math.floor(archive.length * share))
      expect((await second.ledger.archive.inspect(fileOf(cut))).complete).toBe(false)
      for (const log of ['w:wf1', 'r:wf1.research.1'] as const)
        second.source.evidence.set(log, { kind: 'live' })
      await second.ledger.archive.import(fileOf(cut))
      await second.ledger.archive.import(fileOf(archive))
      expect(await archiveOf(second)).toBe(archive)
    }
  })

  test('W7 an end that counts other runs than there are is no end', async () => {
    const page = await open()
    await finished(page)
    const archive = (await archiveOf(page)).replace('{"end":{"logs":2}}', '{"end":{"logs":3}}')
    const { complete, refused } = await page.ledger.archive.inspect(fileOf(archive))
    expect([complete, refused.first.map(({ reason }) => reason)]).toEqual([
      false,
      [expect.stringMatching(/^Line \d+ speaks of 3 runs, and there are 2\.$/)],
    ])
  })

  test('what is no archive is refused as a whole', async () => {
    const page = await open()
    for (const text of ['', 'hello', '{}', `{"format":"run-ledger-archive","version":7}`]) {
      await expect(page.ledger.archive.import(fileOf(text))).rejects.toMatchObject({ name: 'ArchiveError' })
    }
    expect(await archiveOf(page)).toBe(`${HEADER}\n{"end":{"logs":0}}\n`)
  })

  test('S1 hostile names are names: nothing is polluted, and they come back', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'a:b%3A', 'ключ']
    const lines = names.flatMap((name) => [
      JSON.stringify({ log: `r:${name}`, head: 1 }),
      event(1, { log: `r:${name}`, stream: name, position: name }),
    ])
    const page = await open()
    const file = fileOf([HEADER, ...lines, JSON.stringify({ end: { logs: names.length } })].join('\n'))
    expect(await page.ledger.archive.import(file)).toMatchObject({ added: names.length, refused: 0 })
    expect(Object.keys(Object.prototype)).toEqual([])
    const archive = await archiveOf(page)
    for (const name of names) expect(archive).toContain(JSON.stringify({ log: `r:${name}`, head: 2 }))
  })

  test('secrets in an archive are taken out as everywhere', async () => {
    const secret = `ghp_${'a1B2'.repeat(9)}`
    const page = await open()
    const lines = [
      HEADER,
      '{"log":"r:a","head":1}',
      JSON.stringify({ content: { ref: 'doc:1', text: `token ${secret}` } }),
      event(1, { payload: { source: 's', name: 'n', value: { ref: 'doc:1', said: secret } } }),
      `no json ${secret}`,
      '{"end":{"logs":1}}',
    ]
    expect(await page.ledger.archive.import(fileOf(lines.join('\n')))).toMatchObject({
      added: 1,
      texts: 1,
      refused: 1,
    })
    expect(JSON.stringify([await archiveOf(page), page.state()]).includes(secret)).toBe(false)
  })
})
