/**
 * What lies outside the pages of the resume model: a host that counts every effect of an agent, the agents that
 * have them, and a line between a page and its worker that can be stalled, repeated and cut. Nothing here knows
 * the ledger.
 */
import type { Json } from '../../src/core/entities.ts'
import type { Agent, AgentContext, ToolRequest } from '../../src/orchestrator/agent.ts'
import type { MessagePortLike, PortEvent } from '../../src/orchestrator/protocol.ts'

export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** One life of a page or a worker: what is dead does nothing more, and is told nothing. */
export class Life {
  isAlive = true
  /** Resolves at once, or never. */
  goOn(): Promise<void> {
    return this.isAlive ? Promise.resolve() : new Promise(() => {})
  }
}

export interface Call {
  runId: string
  name: string
  args: Json
  /** Null until it ended: one that was cut off never does. */
  nonce: number | null
}

/** Turns that calls take; those that change something are worth being cut off in the middle. */
const LASTS: Readonly<Record<string, number>> = { send: 40 }

/** The world that agents change. */
export class Host {
  readonly calls: Call[] = []

  /** Takes a few turns, so that it can be cut off between its beginning and its end. */
  async call(life: Life, runId: string, name: string, args: Json): Promise<number> {
    await life.goOn()
    const call: Call = { runId, name, args, nonce: null }
    const nonce = this.calls.push(call)
    for (let each = 0; each < (LASTS[name] ?? 4); each += 1) await turn()
    await life.goOn()
    call.nonce = nonce
    return nonce
  }

  /** Also what was cut off counts, until somebody goes on. */
  isWriting(): boolean {
    const last = this.calls.at(-1)
    return last?.name === 'send' && last.nonce === null
  }

  of(runId: string): readonly Call[] {
    return this.calls.filter((call) => call.runId === runId)
  }
}

/** Longer than a preview: results and checkpoints of agents that carry it lie in blobs of their own. */
const LONG = 'x'.repeat(2_100)
const ITEMS: readonly string[] = ['a', 'asks', 'writes']

/** Makes the agents of one worker. */
export function agentsOf(host: Host, life: Life): readonly Agent[] {
  const tool = async (
    context: AgentContext,
    name: string,
    args: Json,
    effect: 'none' | 'write' = 'none',
  ): Promise<number> => {
    const request: ToolRequest<number> = {
      name,
      label: name,
      args,
      effect,
      run: () => host.call(life, context.runId, name, args),
      show: String,
    }
    return context.tool(request)
  }
  const agent = (id: string, run: Agent['run'], takesFollowUps = false): Agent => ({
    id,
    name: id,
    description: '',
    takesFollowUps,
    run,
  })

  return [
    agent('planner', async (context) => {
      const nonce = await tool(context, 'outline', null)
      return { output: { items: ITEMS, nonce }, summary: 'Planned.' }
    }),
    agent(
      'worker',
      async (context, { item, followUps }) => {
        context.iteration(2)
        const nonce = await tool(context, 'look', item)
        let answer: Json = null
        if (item === 'asks') {
          answer = await context.ask({ prompt: 'Which?', options: OPTIONS })
          await tool(context, 'use', answer)
        }
        context.iteration(2)
        for (const words of [...followUps, ...context.followUps()]) await tool(context, 'hear', words)
        if (item === 'writes') await tool(context, 'send', item, 'write')
        return { output: { item, nonce, answer, long: LONG }, summary: 'Worked.' }
      },
      true,
    ),
    agent('writer', async (context, { upstream }) => {
      const given = (upstream['work'] ?? []).map(({ output }) => output)
      const nonce = await tool(context, 'compose', given.length)
      return { output: { given, nonce }, summary: 'Written.' }
    }),
  ]
}

const OPTIONS = [
  { value: 'this', label: 'This' },
  { value: 'that', label: 'That' },
]

export const DEFINITION = {
  id: 'model',
  name: 'Model',
  description: '',
  phases: [
    { name: 'plan', description: '', agentIds: ['planner'], dependsOn: [] },
    { name: 'work', description: '', agentIds: ['worker'], dependsOn: ['plan'], forEach: 'plan' },
    { name: 'report', description: '', agentIds: ['writer'], dependsOn: ['work'] },
  ],
  concurrency: 2,
  maxChildren: 20,
} as const
type Listener = (event: PortEvent) => void

/** Two ports and what is between them. */
export interface Line {
  page: MessagePortLike
  worker: MessagePortLike
  /** What is under way waits. */
  stall(stalled: boolean): void
  /** The worker is gone, and the page is told. */
  cut(): void
  /** The last messages with events arrive at the page again. */
  repeat(count: number): void
}

/** `heard` gets every message of the worker that a living worker sent, arrived or not. */
export function openLine(page: Life, worker: Life, heard: (message: unknown) => void): Line {
  const toPage = oneWay(worker, page)
  const toWorker = oneWay(page, worker)
  const repeated: unknown[] = []
  return {
    page: port(toWorker.send, toPage),
    worker: port((message) => {
      if (!worker.isAlive) return
      heard(structuredClone(message))
      if ((message as { kind?: string }).kind === 'events') repeated.push(structuredClone(message))
      toPage.send(message)
    }, toWorker),
    stall(stalled) {
      toPage.stall(stalled)
      toWorker.stall(stalled)
    },
    cut() {
      worker.isAlive = false
      setImmediate(() => toPage.tell('close', {}))
    },
    repeat(count) {
      for (const message of repeated.slice(-count)) toPage.send(message)
    },
  }
}

function oneWay(from: Life, to: Life) {
  const listeners = new Map<string, Set<Listener>>()
  let isStalled = false
  const waiting: unknown[] = []
  const tell = (type: string, event: PortEvent): void => {
    if (!to.isAlive) return
    for (const listener of listeners.get(type) ?? []) listener(event)
  }
  /** A message a turn. */
  const pump = (): void => {
    if (isStalled || waiting.length === 0) return
    tell('message', { data: waiting.shift() })
    setImmediate(pump)
  }
  return {
    listeners,
    tell,
    send(message: unknown): void {
      if (!from.isAlive) return
      waiting.push(structuredClone(message))
      setImmediate(pump)
    },
    stall(stalled: boolean): void {
      isStalled = stalled
      setImmediate(pump)
    },
  }
}

function port(send: (message: unknown) => void, incoming: ReturnType<typeof oneWay>): MessagePortLike {
  const { listeners } = incoming
  return {
    postMessage: send,
    addEventListener(type, listener) {
      const known = listeners.get(type) ?? new Set()
      listeners.set(type, known.add(listener))
    },
    removeEventListener: (type, listener) => void listeners.get(type)?.delete(listener),
  }
}
