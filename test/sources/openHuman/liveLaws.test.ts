/** What the wire does to turns: mixed, doubled, named twice, out of order, lost. Laws F1, F3, A3 over a real store. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { asyncProperty } from '../../support/property.ts'
import { child, lasting, openLive, say, scriptedTurn, TURN } from './liveSupport.ts'
import type { LivePage, Wire } from './liveSupport.ts'

const TURNS = { 'req-a': scriptedTurn('req-a', 'a'), 'req-b': scriptedTurn('req-b', 'b') }
const RUNS = ['req-a', 'req-b', 'a-typed', 'a-async', 'b-typed', 'b-async']

const view = (page: LivePage): object => Object.fromEntries(RUNS.map((id) => [id, lasting(page.run(id))]))

async function undisturbed(): Promise<object> {
  const page = await openLive()
  await page.hear(Object.values(TURNS).flat())
  return view(page)
}

interface Disturbance {
  /** How far each message is pushed back, and how often it is said. */
  pushes: readonly number[]
  copies: readonly number[]
  aliases: readonly boolean[]
  /** After how many messages a tick passes. */
  pace: number
}

const disturbance: fc.Arbitrary<Disturbance> = fc.record({
  pushes: fc.array(fc.nat(12), { minLength: 40, maxLength: 40 }),
  copies: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 40, maxLength: 40 }),
  aliases: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
  pace: fc.integer({ min: 1, max: 9 }),
})

const isEnd = ({ seq }: Wire): boolean => seq === undefined

/** Ends are not numbered, so nothing but the wire's own order says that they come last. */
function disturb(messages: readonly Wire[], { pushes, copies }: Disturbance): Wire[] {
  const placed = messages.flatMap((message, index) =>
    Array.from({ length: copies[index] ?? 1 }, (_, copy) => ({
      message,
      place: isEnd(message) ? index + 100 : index + copy * 7 + (pushes[index] ?? 0),
    })),
  )
  return placed.toSorted((a, b) => a.place - b.place).map(({ message }) => message)
}

async function tell(
  page: LivePage,
  messages: readonly Wire[],
  { aliases, pace }: Disturbance,
): Promise<void> {
  for (const [index, message] of messages.entries()) {
    page.socket.say(message)
    if (aliases[index % aliases.length] === true) page.socket.alias(message)
    if (index % pace === 0) await page.tick()
  }
  await page.settle()
}

asyncProperty(
  'F1 F3 A3 turns that are mixed, doubled, named twice and out of order are the turns they are',
  disturbance,
  async (how) => {
    const page = await openLive()
    const mixed = Object.values(TURNS)
      .flatMap((turn) => disturb(turn, how).map((message, index) => ({ message, index })))
      .toSorted((a, b) => a.index - b.index)
      .map(({ message }) => message)
    await tell(page, mixed, how)
    expect(view(page)).toEqual(await undisturbed())
    expect(page.status()).toMatchObject({ quarantined: 0 })
  },
  10,
)

asyncProperty(
  'A3 what is lost of a turn is a gap: what was heard stands, its end ends it, and only who is detached goes on',
  fc.record({ lost: fc.uniqueArray(fc.nat(17), { maxLength: 12 }), how: disturbance }),
  async ({ lost, how }) => {
    const page = await openLive()
    const heard = TURNS['req-a'].filter(({ seq }) => typeof seq !== 'number' || !lost.includes(seq))
    await tell(page, heard, how)
    const { run, toolCalls, telemetry } = page.run('req-a')
    expect(run).toMatchObject({ status: 'completed', kind: 'background_agent', inferred: false })
    const has = (seq: number): boolean => !lost.includes(seq)
    const statuses = (id: string): (string | undefined)[] =>
      toolCalls.filter(({ callId }) => callId === id).map(({ status }) => status)
    expect(statuses('b')).toEqual(has(5) ? ['completed'] : has(4) ? ['unknown'] : [])
    expect(statuses('a')).toEqual(has(6) ? ['failed'] : has(3) ? ['unknown'] : [])
    expect(telemetry.inputTokens).toBe(70)
    if ([7, 9, 10, 12, 14].some(has)) {
      const typed = page.run('a-typed').run
      expect([typed.status, typed.inferred]).toEqual(has(14) ? ['completed', false] : ['interrupted', true])
    }
    if (has(13)) expect(page.run('a-async').run.status).toBe('awaiting_user')
    else if (has(8)) expect(page.run('a-async').run.status).toBe('running')
    expect(page.status()).toMatchObject({ quarantined: 0 })
    for (const id of ['req-a', 'a-typed', 'a-async'])
      if (page.knows(id)) expect(page.run(id).notes.late).toBe(0)
  },
  15,
)

interface Spender {
  tokens: number
  /** In the turn's figures; else its own come with its end. */
  isIncluded: boolean
  /** Its own come with its end all the same. */
  isToldTwice: boolean
}

const spender = fc.record({ tokens: fc.nat(500), isIncluded: fc.boolean(), isToldTwice: fc.boolean() })

/** A turn whose agents end in it, with the figures as a core tells them. */
function spending(own: number, spenders: readonly Spender[]): Wire[] {
  const tasks = spenders.map((each, index) => ({ ...each, task: `spender-${index}` }))
  const included = tasks.filter(({ isIncluded }) => isIncluded)
  const usage = {
    input_tokens: own + included.reduce((sum, { tokens }) => sum + tokens, 0),
    subagents: included.map(({ task, tokens }) => ({ task_id: task, input_tokens: tokens, cost_usd: null })),
  }
  const stamped = [
    say('inference_start', null),
    ...tasks.map(({ task }) => child('spawned', null, task, { subagent: { mode: 'typed' } })),
    say('turn_cost', null, { round: 1, usage: { input_tokens: Math.floor(own / 2) } }),
    ...tasks.map(({ task, tokens, isIncluded, isToldTwice }) => {
      const isTold = !isIncluded || isToldTwice
      return child('completed', null, task, { subagent: isTold ? { input_tokens: tokens } : {} })
    }),
  ]
  return [...stamped.map((message, seq) => ({ ...message, seq })), say('chat_done', null, { usage })]
}

asyncProperty(
  'F5 what a turn and its agents used is counted once each, whoever told it, in whatever order and how often',
  fc.tuple(fc.nat(500), fc.array(spender, { maxLength: 5 }), disturbance),
  async ([own, spenders, how]) => {
    const page = await openLive()
    await tell(page, disturb(spending(own, spenders), how), how)
    expect(page.run(TURN).telemetry.inputTokens).toBe(own)
    for (const [index, { tokens }] of spenders.entries())
      expect(page.run(`spender-${index}`).telemetry.inputTokens).toBe(tokens)
    const all = spenders.reduce((sum, { tokens }) => sum + tokens, own)
    expect(page.totals(TURN)?.inputTokens).toBe(all)
  },
  15,
)
