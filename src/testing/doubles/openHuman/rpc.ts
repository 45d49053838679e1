/** Owns the methods: their parameters, limits and answers, in the words of the core. */
import type { AgentRuns } from './agentRuns.ts'
import { control, workGroups } from './control.ts'
import type { Player } from './player.ts'
import type { AgentRunRow, Fields, WorkflowRow } from './rows.ts'
import { UnknownMethodError } from './server.ts'
import type { RpcCall } from './server.ts'
import type { Workflows } from './workflows.ts'

export interface Core {
  runs: AgentRuns
  workflows: Workflows
  player: Player
  /** Rows of agent teams, as a test or a demo puts them there. */
  teams: Fields[]
  version(): 1 | 2
  /** A person writes in a thread; gives the request when it began a turn. */
  chat(threadId: string, text: string): string | null
  cancelTurns(threadId: string, requestId: string | null): readonly string[]
}

type Method = (core: Core, params: Fields) => unknown

const METHODS: Readonly<Record<string, Method>> = {
  run_ledger_list(core, params) {
    const all = core.runs.list(params)
    const runs = page(all, params, 50, 500).map((run) => agentRun(core, run))
    return { runs, count: all.length }
  },
  run_ledger_get(core, params) {
    const run = core.runs.get(required(params, 'id'))
    return { run: run === null ? null : agentRun(core, run) }
  },
  run_ledger_events(core, params) {
    const after = number(params['afterSequence']) ?? 0
    const events = core.runs.events(required(params, 'runId'), after, limitOf(params, 100, 1000))
    return { events, count: events.length }
  },
  agent_work_list: (core, params) => workGroups(core.runs, limitOf(params, 200, 500)),
  agent_work_control: (core, params) => control(core.runs, params),
  workflow_run_list_definitions({ workflows: { definitions } }) {
    return { definitions, count: definitions.length }
  },
  workflow_run_list(core, { definitionId, status, parentThreadId, ...paging }) {
    const all = core.workflows.list({ definitionId, status, parentThreadId })
    return { runs: page(all, paging, 50, 500).map((run) => workflowRun(core, run)), count: all.length }
  },
  workflow_run_get: (core, params) => workflow(core, core.workflows.get(required(params, 'id'))),
  workflow_run_start(core, params) {
    const thread = typeof params['parentThreadId'] === 'string' ? params['parentThreadId'] : null
    const definitionId = required(params, 'definitionId')
    return workflow(core, core.workflows.start(definitionId, params['input'] ?? {}, thread))
  },
  workflow_run_stop: (core, params) => workflow(core, core.workflows.stop(required(params, 'id'))),
  workflow_run_resume: (core, params) => workflow(core, core.workflows.resume(required(params, 'id'))),
  agent_team_list: (core, params) => ({ teams: page(core.teams, params, 50, 500), count: core.teams.length }),
  agent_team_get(core, params) {
    const id = required(params, 'id')
    return { team: core.teams.find((view) => (view['team'] as Fields | undefined)?.['id'] === id) ?? null }
  },
  subagent_cancel(core, params) {
    const taskId = required(params, 'taskId')
    // Neither a row nor a message tells of it.
    return { cancelled: core.player.cancelChild(taskId), taskId }
  },
  subagent_steer(core, params) {
    const taskId = required(params, 'taskId')
    required(params, 'message')
    const mode = params['mode'] ?? 'steer'
    if (core.player.isWorking(taskId)) return { steered: true, taskId, mode }
    const reason = core.runs.get(taskId) === null ? 'unknown' : 'already_done'
    return { steered: false, taskId, mode, reason }
  },
  approval_decide: decide,
  plan_review_decide: decide,
  channel_web_chat(core, params) {
    const thread = required(params, 'thread_id')
    const request = core.chat(thread, required(params, 'message'))
    return { accepted: true, thread_id: thread, request_id: request }
  },
  channel_web_cancel(core, params) {
    const request = typeof params['request_id'] === 'string' ? params['request_id'] : null
    const cancelled = core.cancelTurns(required(params, 'thread_id'), request)
    return { cancelled: cancelled.length > 0, request_id: cancelled[0] ?? request }
  },
}

/** The script hears the decision where it waits for an answer. */
function decide({ player }: Core, params: Fields): Fields {
  return { resolved: player.decide(required(params, 'request_id'), required(params, 'decision')) }
}

export async function call(core: Core, { method, params }: RpcCall): Promise<unknown> {
  const name = method.replace(/^openhuman\./, '')
  const found = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined
  if (found === undefined) throw new UnknownMethodError(`unknown method: ${method}`)
  return await found(core, params)
}

function agentRun(core: Core, run: AgentRunRow): Fields {
  const row = { ...run, telemetry: core.runs.telemetry(run.id) }
  if (core.version() === 1) return row
  const { taskBoardId: _board, taskCardId: _card, ...second } = row
  return second
}

function workflowRun(core: Core, run: WorkflowRow): Fields {
  if (core.version() === 2) return { ...run }
  const { revision: _revision, leaseOwner: _owner, leaseExpiresAt: _expires, ...first } = run
  return first
}

const workflow = (core: Core, run: WorkflowRow | null): Fields => ({
  workflowRun: run === null ? null : workflowRun(core, run),
})

const number = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null

const limitOf = (params: Fields, usual: number, most: number): number =>
  Math.min(number(params['limit']) ?? usual, most)

function page<Row>(rows: readonly Row[], params: Fields, usual: number, most: number): readonly Row[] {
  const offset = number(params['offset']) ?? 0
  return rows.slice(offset, offset + limitOf(params, usual, most))
}

function required(params: Fields, name: string): string {
  const value = params[name]
  if (typeof value !== 'string' || value === '') throw new Error(`missing required param '${name}'`)
  return value
}
