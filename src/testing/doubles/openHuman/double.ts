/** Owns the whole double: a core of OpenHuman as its clients meet it, on one port of this machine. */
import { after, now } from '../time.ts'
import { AgentRuns } from './agentRuns.ts'
import { record } from './bridge.ts'
import { Player } from './player.ts'
import type { Play, Script } from './player.ts'
import { createStamps } from './rows.ts'
import type { Fields, WorkflowDefinition } from './rows.ts'
import { call } from './rpc.ts'
import type { Core } from './rpc.ts'
import { addressOf, listen } from './server.ts'
import type { RpcCall } from './server.ts'
import { NO_FAULTS, Wire } from './wire.ts'
import type { Message, Switches } from './wire.ts'
import { RESEARCH, Workflows } from './workflows.ts'

export interface OpenHumanDoubleOptions {
  /** Default: any that is free. */
  port?: number
  switches?: Partial<Switches>
  /** Begins every counted id, for a double whose clients remember one before it. */
  prefix?: string
  definitions?: readonly WorkflowDefinition[]
  /** What an agent of a workflow gives; a rejection fails its phase. */
  work?: (agentId: string, prompt: string) => Promise<string>
  /** What is played when a person writes where nobody waits. Default: a short answer. */
  onMessage?: (threadId: string, text: string) => Script | null
}

export interface OpenHumanDouble {
  /** Both of Socket.IO and of JSON-RPC (`POST`, any path). */
  readonly url: string
  play(script: Script): Play
  /** Lets a script that waits under that name go on; false when none does. */
  go(name: string): boolean
  isWaiting(name: string): boolean
  /** What the core keeps on disk. */
  readonly ledger: { runs: AgentRuns; workflows: Workflows; teams: Fields[] }
  /** Every call so far, oldest first. */
  readonly calls: readonly RpcCall[]
  /** How many sockets are connected. */
  clients(): number
  set(switches: Partial<Switches>): void
  /** Sends all that a turn has said so far once more. */
  replay(requestId: string): void
  /** Cuts every client off; they come back by themselves. Resolves when all have gone. */
  disconnect(): Promise<void>
  /** The process dies and another one starts on the same disk; `whileDown` runs in between. */
  restart(whileDown?: () => Promise<void>): Promise<void>
  close(): Promise<void>
}

export async function createOpenHumanDouble(options: OpenHumanDoubleOptions = {}): Promise<OpenHumanDouble> {
  let switches: Switches = { ...NO_FAULTS, ...options.switches }
  const stamps = createStamps(now)
  const pause = (): Promise<void> => (switches.paceMs > 0 ? after(switches.paceMs) : Promise.resolve())
  const { prefix = '', onMessage = reply } = options
  const runs = new AgentRuns(stamps)
  const workflows = new Workflows({
    stamps,
    prefix,
    definitions: options.definitions ?? [RESEARCH],
    work: options.work ?? ((agentId) => Promise.resolve(`The ${agentId} is done.`)),
    version: () => switches.rows,
    pause,
  })
  const teams: Fields[] = []
  const calls: RpcCall[] = []

  const wire = new Wire(
    (name, message) => server.emit(name, message),
    () => switches,
  )
  function say(message: Message): void {
    const stamped = wire.stamp(switches.ts ? { ...message, ts: now() } : message)
    if (stamped === null) return
    record(runs, stamped, switches.rows)
    wire.send(stamped)
  }
  const player = new Player({ say, pause, rest: () => wire.flush() }, prefix)

  const core: Core = {
    runs,
    workflows,
    player,
    teams,
    version: () => switches.rows,
    chat(threadId, text) {
      const answered = player.answer(threadId, text)
      if (answered !== null) return answered.requestId
      const script = onMessage(threadId, text)
      return script === null ? null : player.play(script).requestId
    },
    cancelTurns(threadId, requestId) {
      const cancelled = player.cancelTurns(threadId, requestId)
      for (const id of cancelled) {
        const envelope = { client_id: 'app', thread_id: threadId, request_id: id }
        say({ event: 'chat_error', ...envelope, message: 'Cancelled', error_type: 'cancelled' })
        say({ event: 'chat_cancelled', ...envelope, cancel_reason: 'user_stop' })
      }
      return cancelled
    },
  }

  async function answer(rpc: RpcCall): Promise<unknown> {
    calls.push(rpc)
    const result = await call(core, rpc)
    return switches.envelope ? { data: result } : result
  }

  let server = await listen({ port: options.port ?? 0, answer })
  const { port } = server

  return {
    url: addressOf(port),
    play: (script) => player.play(script),
    go: (name) => player.go(name),
    isWaiting: (name) => player.isWaiting(name),
    ledger: { runs, workflows, teams },
    calls,
    clients: () => server.clients(),
    set(change) {
      switches = { ...switches, ...change }
    },
    replay: (requestId) => wire.replay(requestId),
    disconnect: () => server.disconnect(),
    async restart(whileDown) {
      player.die()
      workflows.die()
      wire.forget()
      await server.close()
      await whileDown?.()
      runs.sweep()
      server = await listen({ port, answer })
    },
    async close() {
      player.close()
      workflows.die()
      await server.close()
    },
  }
}

/** What a core says when there is nothing to do. */
const reply = (threadId: string, text: string): Script => ({
  threadId,
  steps: [
    { turn: 'req-reply-{n}' },
    { event: 'inference_start' },
    { event: 'iteration_start', round: 1, message: 'Iteration 1/12' },
    { event: 'text_delta', round: 1, delta: 'I have read ', delta_kind: 'text' },
    { event: 'chat_done', full_response: `I have read: ${text}` },
  ],
})
