/**
 * Owns how the halves become one source: the socket tells what happens, the core's lists tell what was missed, and each
 * knows what the other heard.
 */
import type { LogRecord } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import type { Clock, Source, SourceSink, SourceStatus } from '../../core/ports.ts'
import { systemClock } from '../../platform/browser.ts'
import { pageLife } from '../../platform/page.ts'
import { COMMANDS_STREAM, WRITTEN_STREAM } from './envelope.ts'
import { connectLive } from './live.ts'
import type { SocketLike } from './liveSocket.ts'
import { startPolling } from './poll.ts'
import { fieldOf, listOf, unwrap } from './rpc.ts'
import type { Rpc } from './rpc.ts'
import { askCore } from './rpcAsk.ts'
import { LIST_PAGE, walkList } from './rpcWalk.ts'
import type { Walk } from './rpcWalk.ts'
import { readDefinition } from './rowsRead.ts'
import { takeRows } from './rowsTaken.ts'
import type { RowTaker } from './rowsTaken.ts'
import { isClosed, membersOf, teamIdOf } from './teams.ts'
import { cannotOf, createVerbs, verbsOf } from './verbs.ts'
import type { SendMessage } from './verbs.ts'
import { rememberWritten } from './written.ts'

export interface OpenHumanOptions {
  socket: SocketLike
  /** Calls a method of the core: the host's own client, or `jsonRpc(url)`. */
  rpc: Rpc
  /** Sends a message into a conversation. Without it nothing can be answered. */
  send?: SendMessage
  /** The core's address: pages that name the same one share one connection. */
  instance?: string
  clock?: Clock
  /** How often workflow runs in flight are asked after; lists less often. */
  pollMs?: number
  /** Whether a person can see the page: nothing is polled for one that nobody looks at. */
  visible?: () => boolean
}

export interface OpenHumanSource extends Source {
  /** Reads all runs of a conversation again, however many there are. */
  readThread(threadId: string): Promise<void>
  /** Sends a message into a conversation by way of `send`; the turn it begins bears it as its prompt. */
  write(threadId: string, text: string): Promise<void>
}

const POLL_MS = 2_000
/** By then the ledger has what was heard of the end, and the core has written it down. */
const AFTER_END_MS = 500
/** Lists when nothing is in flight, and teams: so many looks apart. */
const QUIET_LOOKS = 5
const TEAM_LOOKS = 15
/** Enough for what changed in a few seconds. */
const NEWS_PAGE = 50

const AGENTS: Walk = { method: 'openhuman.run_ledger_list', rows: 'runs' }
const WORKFLOWS: Walk = { method: 'openhuman.workflow_run_list', rows: 'runs' }

interface Connection {
  sink: SourceSink
  taker: RowTaker
}

export function openHumanSource(options: OpenHumanOptions): OpenHumanSource {
  const { socket, rpc: call, clock = systemClock, pollMs = POLL_MS } = options
  const visible = options.visible ?? pageLife.isVisible
  let connection: Connection | null = null

  const record = async (log: LogId): Promise<LogRecord | null> =>
    (await connection?.sink.record(log).catch(() => null)) ?? null

  const written =
    options.send === undefined
      ? null
      : rememberWritten({
          send: options.send,
          clock,
          record,
          tell: (event) => connection?.sink.receive(WRITTEN_STREAM, [event]),
        })
  const send = written?.send

  const verbs = createVerbs({
    call,
    clock,
    send,
    clientId: () => {
      const id = fieldOf(socket, 'id')
      return typeof id === 'string' ? id : 'run-ledger'
    },
    record,
    tell: (events) => connection?.sink.receive(COMMANDS_STREAM, events),
    workflow: async (row) => {
      const taker = connection?.taker
      await taker?.workflow(row, taker.mark())
    },
  })

  function connect(outer: SourceSink): () => void {
    const statuses = joinStatus(outer)
    const sink: SourceSink = { ...outer, status: statuses.live }
    const taker = takeRows(sink, call, clock)
    const here: Connection = { sink, taker }
    connection = here
    /** Turns that ended and are read soon. */
    const reading = new Set<() => void>()
    let isWhole = false

    /** The whole of it once, then what is new. */
    async function walk(list: Walk, take: RowTaker['agent'], whole: boolean): Promise<void> {
      const news = whole ? {} : { newsOnly: true, limit: NEWS_PAGE }
      await walkList(call, { ...list, ...news }, { mark: taker.mark, take })
    }

    let isWorkflowsWhole = false
    let hasDefinitions = false
    const polling = startPolling({
      clock,
      pollMs,
      visible,
      failed: statuses.lists,
      tasks: [
        {
          everyMs: () => (taker.isGoing('agent') ? pollMs : pollMs * QUIET_LOOKS),
          async run() {
            await walk(AGENTS, taker.agent, !isWhole)
            isWhole = true
          },
        },
        {
          everyMs: () => (taker.isGoing('workflow') ? pollMs : pollMs * QUIET_LOOKS),
          async run() {
            if (!hasDefinitions) {
              const answer = await call('openhuman.workflow_run_list_definitions', {})
              taker.defines(
                listOf(answer, 'definitions')
                  .map(readDefinition)
                  .filter((each) => each !== null),
              )
              hasDefinitions = true
            }
            await walk(WORKFLOWS, taker.workflow, !isWorkflowsWhole)
            isWorkflowsWhole = true
          },
        },
        { everyMs: () => pollMs * TEAM_LOOKS, run: () => readTeams(call, taker) },
      ],
    })

    const disconnect = connectLive(
      { ...sink, status: onReconnect(sink.status, () => readAgain()) },
      {
        socket,
        clock,
        onRunHeard(log, type) {
          taker.heard(log, type)
          verbs.heard(log)
          written?.heard(log)
        },
        onTurnEnded(requestId) {
          // What fails now is read with the next look at the list.
          const cancel = clock.setTimeout(() => {
            reading.delete(cancel)
            readTurn(requestId).catch(() => {})
          }, AFTER_END_MS)
          reading.add(cancel)
        },
      },
    )

    /** What happened while the line was down is in the lists. */
    function readAgain(): void {
      taker.lostLine()
      isWhole = false
      isWorkflowsWhole = false
      polling.soon()
    }

    /** A turn's children write their ends about when it does, and the turn its figures. */
    async function readTurn(requestId: string): Promise<void> {
      const asked = taker.mark()
      const hooks = { mark: taker.mark, take: taker.agent }
      const answer = await call('openhuman.run_ledger_get', { id: requestId })
      const row = fieldOf(unwrap(answer), 'run')
      if (row != null) await taker.agent(row, asked)
      await walkList(call, { ...AGENTS, params: { parentRunId: requestId } }, hooks)
    }

    return () => {
      disconnect()
      for (const cancel of reading) cancel()
      polling.stop()
      taker.stop()
      if (connection === here) connection = null
    }
  }

  return {
    id: 'openhuman',
    ...(options.instance !== undefined && { instance: options.instance }),
    verbs: verbsOf(send),
    cannot: cannotOf(send),
    connect,
    ask: (runs) => askCore({ call, clock, record, taker: () => connection?.taker ?? null }, runs),
    send: verbs.send,
    async readThread(threadId) {
      const taker = connection?.taker
      if (taker === undefined) return
      const walk = { ...AGENTS, params: { parentThreadId: threadId }, limit: LIST_PAGE }
      await walkList(call, walk, { mark: taker.mark, take: taker.agent })
    },
    async write(threadId, text) {
      if (send === undefined) throw new Error('This page was given no way to send a message.')
      await send(threadId, text)
    },
  }
}

/** Teams that were closed keep the pointers to what their members ran. */
async function readTeams(call: Rpc, taker: RowTaker): Promise<void> {
  const teams: unknown[] = []
  const take = async (team: unknown): Promise<boolean> => {
    teams.push(team)
    return true
  }
  await walkList(call, { method: 'openhuman.agent_team_list', rows: 'teams' }, { mark: taker.mark, take })
  for (const team of teams) {
    const id = teamIdOf(team)
    const listed = membersOf(team)
    if (id === null || (isClosed(team) && listed.length === 0)) continue
    const whole =
      listed.length > 0 ? team : fieldOf(unwrap(await call('openhuman.agent_team_get', { id })), 'team')
    for (const member of membersOf(whole)) await taker.member(member)
  }
}

/** The line's own status, and beside it what is wrong with the lists while the line is well. */
function joinStatus(sink: SourceSink): { live: SourceSink['status']; lists(reason: string | null): void } {
  let line: SourceStatus | null = null
  let problem: string | null = null
  const say = (): void => {
    if (line === null) return
    const error = line.error ?? (line.state === 'connected' ? problem : null)
    sink.status({ ...line, error })
  }
  return {
    live(status) {
      line = status
      say()
    },
    lists(reason) {
      const sentence = reason === null ? null : `The lists of OpenHuman could not be read: ${reason}`
      if (sentence === problem) return
      problem = sentence
      say()
    },
  }
}

function onReconnect(status: SourceSink['status'], back: () => void): SourceSink['status'] {
  let wasDown = false
  return (next) => {
    status(next)
    if (next.state === 'connected' && wasDown) back()
    wasDown = next.state === 'disconnected'
  }
}
