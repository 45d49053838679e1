/** Nothing that looks like a secret reaches an action, the state or the disk, on any path. SPEC S1. */
import type { UnknownAction } from '@reduxjs/toolkit'
import { describe, expect, test } from 'vitest'
import { defaultRedact, selectLedgerStatus, selectRun, selectRunTotals } from '../../src/index.ts'
import type { LogRecord, RunLedgerOptions } from '../../src/index.ts'
import { eventsReceived } from '../../src/state/actions.ts'
import { liveStream, scriptedSource } from '../../src/testing/scriptedSource.ts'
import { canaries, canary, leaked } from '../support/canaries.ts'
import type { Canary } from '../support/canaries.ts'
import { databasesHolding } from './support/stored.ts'
import { newScope, openPage, research, script, START } from './support/page.ts'
import type { Page } from './support/page.ts'

const RUN = 'r:wf1.research.1'
const PLANTED = canaries(200)

/** Everything the page ever showed, and every action on the way. */
interface Watched extends Page {
  history: string[]
  scope: string
}

async function watchedPage(options: Partial<RunLedgerOptions> = {}, scope = newScope()): Promise<Watched> {
  const page = openPage(scope, options as Parameters<typeof openPage>[1])
  const history: string[] = []
  const seen = new WeakSet<object>()
  page.store.subscribe(() => collect(page.state(), seen, history))
  await page.boot()
  return { ...page, history, scope }
}

/** Every key and text of a value; what was looked at in an earlier state is not looked at again. */
function collect(value: unknown, seen: WeakSet<object>, into: string[]): void {
  if (typeof value === 'string') into.push(value)
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  for (const [key, part] of Object.entries(value)) {
    into.push(key)
    collect(part, seen, into)
  }
}

const texts = (page: Watched): string[] => [
  ...page.history,
  ...page.actions.map((action: UnknownAction) => JSON.stringify(action)),
]

async function expectNothingOf(
  page: Watched,
  planted: readonly Canary[],
  extra: string[] = [],
): Promise<void> {
  const stored = await databasesHolding(page.scope)
  expect(stored.length, 'records looked at').toBeGreaterThan(3)
  const exported: string[] = []
  for await (const line of page.ledger.archive.export({ contents: true })) exported.push(line)
  expect(exported.length, 'lines of the archive').toBeGreaterThan(1)
  const everything = [...texts(page), ...stored, ...exported, ...extra].join('\n')
  expect(planted.filter((one) => leaked(everything, one)).map(({ text }) => text)).toEqual([])
}

/** Every field of every event type in turn holds the next canary. */
function tale(tell: ReturnType<typeof script>, next: () => string): object[] {
  const { event } = tell
  const long = (): string => `${'A report. '.repeat(300)}${next()}${' More of it.'.repeat(200)}`
  return [
    ...research(tell),
    event(RUN, 'run.observed', {
      agentName: `Agent ${next()}`,
      prompt: long(),
      contentKey: next(),
      parentCallId: next().slice(0, 300),
      origin: { source: next(), traceId: next(), trigger: next() },
      metadata: { note: next(), deep: { deeper: [{ header: next() }] }, [next().slice(0, 90)]: 1 },
      extra: { unknown: next(), list: [next(), next()] },
    }),
    event(RUN, 'tool.started', { callId: next(), name: next(), label: next(), args: next() }),
    event(RUN, 'tool.started', {
      callId: 'c3',
      name: 'curl',
      args: JSON.stringify({ headers: next(), body: long() }),
    }),
    event(RUN, 'tool.finished', {
      callId: 'c3',
      status: 'failed',
      output: long(),
      failure: `HTTP 401: ${next()}`,
    }),
    event(RUN, 'tool.finished', {
      callId: 'c2',
      status: 'completed',
      output: next(),
      stack: `at ${next()}\n`,
    }),
    event(RUN, 'question.asked', {
      questionId: 'q1',
      prompt: `Use ${next()}?`,
      options: [
        { value: next(), label: next(), description: next() },
        { value: next(), label: next(), description: null },
      ],
      schema: { title: next() },
    }),
    event(RUN, 'question.settled', { questionId: 'q1', state: 'answered', answer: { text: next() } }),
    event(RUN, 'checkpoint.saved', { state: long() }),
    event(RUN, 'artifact.recorded', { name: next(), mediaType: next(), content: long() }),
    event(RUN, 'usage.reported', {
      key: next(),
      scope: 'own',
      inputTokens: 12,
      model: next(),
      provider: next(),
    }),
    event(RUN, 'transcript.compacted', { note: next() }),
    event(RUN, 'handoff.recorded', { target: next(), task: next() }),
    event(RUN, 'control.requested', { commandId: 'c', verb: 'stop', detail: next() }),
    event(RUN, 'acme.special', { headers: [next(), next()], nested: { more: long() } }),
    event('w:wf1', 'phase.transitioned', { phase: 'research', to: 'running', reason: next() }),
    event('w:wf2', 'workflow.registered', {
      definitionId: 'd',
      title: next(),
      definition: { prompt: next() },
      input: { question: next(), env: { A: next() } },
      phases: [{ name: next(), description: next(), agentIds: [next()], dependsOn: [next()] }],
    }),
    // Refused, each for a reason of its own.
    event(RUN, 'run.transitioned', { to: next(), trigger: next() }),
    event(RUN, 'tool.started', { name: { is: next() } }),
    event(next(), 'run.registered', {}),
    event(RUN, 'tool.started', { name: `${'x'.repeat(40_000)}${next()}` }),
    event(RUN, 'run.registered', { metadata: { [next()]: () => next() } }),
  ]
}

describe('redaction', { timeout: 60_000 }, () => {
  test('S1 200 secrets in every field of every event: none in any action, state or record', async () => {
    const page = await watchedPage()
    const tell = script()
    let used = 0
    const next = (): string => {
      used += 1
      return PLANTED[(used - 1) % PLANTED.length]?.text ?? ''
    }
    // A stream of its own without gaps to wait for: some of these are refused before they have a position.
    const sparse = { ...tell.stream, contiguous: false }
    while (used < PLANTED.length * 2) page.source.emit(sparse, tale(tell, next))
    page.source.emit(sparse, [next(), { position: next() }, [next()]])
    await page.ledger.whenIdle()

    const status = selectLedgerStatus(page.state())
    expect(status.received).toBeGreaterThan(100)
    expect(status.quarantined).toBeGreaterThan(20)
    expect(selectRunTotals(page.state(), RUN)?.toolCount).toBeGreaterThan(1)
    expect(texts(page).join('\n')).toContain('[redacted:github-token]')
    await expectNothingOf(page, PLANTED)
  })

  test('S1 secrets stand for themselves as ids, in log, stream and position', async () => {
    const page = await watchedPage()
    const one = canary('github-token', 501)
    const other = canary('github-token', 502)
    for (const [at, { text }] of [one, other].entries()) {
      page.source.emit(liveStream(`live:${text}`), [
        { log: `r:${text}`, type: 'run.registered', payload: {}, timestamp: START, position: 1 },
        {
          log: `r:${text}`,
          type: 'tool.started',
          payload: { callId: text, name: `t${at}` },
          timestamp: START,
          position: `k ${text}`,
        },
        {
          log: `r:${text}`,
          type: 'tool.finished',
          payload: { callId: text, status: 'completed' },
          timestamp: START,
          position: 2,
        },
        {
          log: `r:${text}`,
          type: 'tool.finished',
          payload: { callId: text, status: 'completed' },
          timestamp: START,
          position: 2,
        },
      ])
    }
    await page.ledger.whenIdle()
    const records = new Map<string, LogRecord>()
    for (const action of page.actions.filter(eventsReceived.match)) {
      for (const { log, record } of action.payload.changes) records.set(log, record)
    }
    expect(records.size).toBe(2)
    for (const record of records.values()) {
      expect(record.entity === 'run' && record.toolCalls.map(({ status }) => status)).toEqual(['completed'])
    }
    expect(selectLedgerStatus(page.state()).duplicates).toBe(2)
    await expectNothingOf(page, [one, other])
  })

  test('S1 live prose, thinking and arguments: a secret in pieces over frames and between other events', async () => {
    const page = await watchedPage()
    const tell = script()
    const planted = canaries(74)
    page.source.emit(tell.stream, research(tell))
    for (const [at, { text }] of planted.entries()) {
      const kind = at % 2 === 0 ? 'text' : 'thinking'
      const size = 1 + (at % 9)
      for (let from = 0; from < text.length; from += size) {
        const piece = text.slice(from, from + size)
        const more = [tell.event(RUN, 'text.delta', { kind, text: piece })]
        more.push(tell.event(RUN, 'args.delta', { callId: `c${at}`, text: piece }))
        if (from === size)
          more.push(tell.event(RUN, 'usage.reported', { key: 'k', scope: 'own', inputTokens: at }))
        page.source.emit(tell.stream, more)
        if (from % (size * 8) === 0) await page.ledger.whenIdle()
      }
      page.source.emit(tell.stream, [tell.event(RUN, 'text.delta', { kind, text: ' and on. ' })])
    }
    page.source.emit(tell.stream, [
      tell.event(RUN, 'run.transitioned', { to: 'idle', trigger: 'result_received' }),
    ])
    await page.ledger.whenIdle()
    const live = page.state().chatRuntime.liveTextByRun[RUN]
    expect(live?.text).toContain('and on. ')
    expect(live?.thinking).toContain('[redacted:')
    await expectNothingOf(page, planted)
  })

  test('S1 an answer reaches its agent as it was typed, and is kept without its secret', async () => {
    const source = scriptedSource()
    const page = await watchedPage({ source })
    const tell = script()
    const one = canary('openai-key', 601)
    page.source.emit(tell.stream, research(tell))
    await page.ledger.whenIdle()
    const payload = { questionId: 'q1', answer: `It is ${one.text}.` }
    source.answer = async () => ({ kind: 'rejected', reason: `${one.text} is refused` })
    const refused = await page.ledger.send({ log: RUN, verb: 'answer', payload })
    source.answer = async () => {
      throw new Error(`lost ${one.text}`)
    }
    await page.ledger.send({ log: RUN, verb: 'answer', payload })
    expect(source.sent.map((command) => command.payload)).toEqual([payload, payload])
    expect(refused.withheld).toBe(true)
    await page.ledger.whenIdle()
    await expectNothingOf(page, [one], [JSON.stringify(refused)])
  })

  test('O1 S1 a start whose secret was not kept is not sent again after a crash; one without is', async () => {
    const scope = newScope()
    const source = scriptedSource()
    // The page dies before the orchestrator says anything.
    source.answer = () => new Promise(() => {})
    const page = await watchedPage({ source }, scope)
    const one = canary('stripe-key', 701)
    void page.ledger.start({ input: { question: `Who uses ${one.text}?` } })
    void page.ledger.start({ input: { question: 'Who?' } })
    await expect.poll(() => source.sent.length).toBe(2)
    page.die()

    const later = scriptedSource()
    const second = await watchedPage({ source: later }, scope)
    await expect.poll(() => later.sent.length).toBe(1)
    expect(later.sent[0]?.payload).toEqual({ input: { question: 'Who?' } })
    const states = Object.values(second.state().runs.commands).map(({ state, detail }) => [state, detail])
    expect(states).toContainEqual(['unknown', expect.stringContaining('not stored')])
    await expectNothingOf(second, [one], texts(page))
  })

  test('S1 what a source says about itself is redacted', async () => {
    const source = scriptedSource()
    const one = canary('url-password', 801)
    const connect = source.connect.bind(source)
    source.connect = (sink) => {
      const disconnect = connect(sink)
      sink.status({ state: 'disconnected', error: `cannot reach ${one.text}` })
      return disconnect
    }
    const page = await watchedPage({ source })
    const tell = script()
    page.source.emit(tell.stream, research(tell))
    await page.ledger.whenIdle()
    expect(page.state().ledger.sources['scripted']?.error).toContain('[redacted:url-password]')
    await expectNothingOf(page, [one])
  })
})

describe('the hook', () => {
  test('S1 a host adds its own patterns, and they hold on every path', async () => {
    const redact = (text: string, name: string | null): string =>
      defaultRedact(text, name).replaceAll(/ACME-\d{4}/g, '[redacted:acme]')
    const page = await watchedPage({ redact })
    const tell = script()
    page.source.emit(tell.stream, research(tell))
    page.source.emit(tell.stream, [
      tell.event(RUN, 'tool.finished', { callId: 'c2', status: 'completed', output: 'it is ACME-1234' }),
      tell.event(RUN, 'text.delta', { kind: 'text', text: 'it is ACM' }),
      tell.event(RUN, 'text.delta', { kind: 'text', text: 'E-1234 ' }),
      tell.event(RUN, 'run.transitioned', { to: 'ACME-1234' }),
    ])
    await page.ledger.whenIdle()
    const everything = [...texts(page), ...(await databasesHolding(page.scope))].join('\n')
    expect(everything).not.toContain('ACME-1234')
    expect(everything).toContain('it is [redacted:acme]')
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no idea')
      },
    ],
    ['gives no text', () => undefined as unknown as string],
  ])('S1 a hook that %s costs its event, not the stream', async (_name, fail) => {
    const one = canary('github-token', 901)
    const redact = (text: string, name: string | null): string =>
      text.includes('boom') ? fail() : defaultRedact(text, name)
    const page = await watchedPage({ redact })
    const tell = script()
    page.source.emit(tell.stream, research(tell))
    page.source.emit(tell.stream, [
      tell.event(RUN, 'tool.started', { callId: 'c9', name: 'curl', args: `boom ${one.text}` }),
      tell.event(RUN, 'text.delta', { kind: 'text', text: `boom ${one.text} ` }),
      tell.event(RUN, 'run.transitioned', { to: 'completed', trigger: 'result_received' }),
    ])
    await page.ledger.whenIdle()
    const { quarantine } = selectLedgerStatus(page.state())
    expect(quarantine.map(({ reason }) => reason)).toEqual(
      Array(2).fill(expect.stringMatching(/^redaction failed: /)),
    )
    expect(quarantine[1]?.raw).toContain('boom [redacted:github-token]')
    expect(selectRun(page.state(), RUN.slice(2))?.run.status).toBe('completed')
    await expectNothingOf(page, [one])
  })
})

describe('capture', () => {
  test('S1 none keeps what happened and drops what was said', async () => {
    const page = await watchedPage({ capture: 'none' })
    const tell = script()
    const said = 'the quick brown fox'
    const events = tale(tell, () => said)
    page.source.emit({ ...tell.stream, contiguous: false }, [
      ...events,
      tell.event(RUN, 'text.delta', { kind: 'text', text: `${said} ` }),
      tell.event(RUN, 'run.transitioned', {
        to: 'completed',
        trigger: 'result_received',
        output: said,
        summary: said,
      }),
    ])
    await page.ledger.whenIdle()
    await page.ledger.send({ log: RUN, verb: 'answer', payload: { answer: said } })
    const run = selectRun(page.state(), RUN.slice(2))?.run
    expect(run?.status).toBe('completed')
    expect(run?.output).toEqual({ preview: '[not captured]', chars: said.length, ref: null })
    expect(selectRunTotals(page.state(), RUN)?.inputTokens).toBe(12)
    const stored = (await databasesHolding(page.scope)).join('\n')
    expect(stored).not.toContain('A report.')
    expect(page.state().chatRuntime.liveTextByRun).toEqual({})
    expect(page.source.sent[0]?.payload).toEqual({ answer: said })
  })

  test('S1 full keeps everything as it came', async () => {
    const page = await watchedPage({ capture: 'full' })
    const tell = script()
    const { text } = canary('github-token', 951)
    page.source.emit(tell.stream, research(tell))
    page.source.emit(tell.stream, [
      tell.event(RUN, 'tool.finished', { callId: 'c2', status: 'completed', output: text }),
      tell.event(RUN, 'text.delta', { kind: 'text', text }),
    ])
    await page.ledger.whenIdle()
    expect(page.state().chatRuntime.liveTextByRun[RUN]?.text).toBe(text)
    expect((await databasesHolding(page.scope)).join('\n')).toContain(text)
  })
})
