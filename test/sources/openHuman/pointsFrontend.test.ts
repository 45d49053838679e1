/**
 * OpenHuman's frontend over our state: its components, as openhuman.md 4 and 7 tell of them, read its state keys and its
 * field names, and nothing else. Live, after a reload, and of turns that are past.
 */
import { expect, test } from 'vitest'
import { selectChatRuntimeState } from '../../../src/index.ts'
import type { RunLedgerState, ToolTimelineRow } from '../../../src/index.ts'
import { ourApp } from './support/ours.ts'
import type { OurApp } from './support/ours.ts'
import { THREAD, turn } from './support/turns.ts'
import type { Turn, Wire } from './support/turns.ts'
import { createBridge } from './support/turnsBridge.ts'
import { createCore } from './support/turnsCore.ts'

// --- its components

/** One row of a timeline, as it is drawn. */
const drawRow = ({ name, displayName, status, round, detail, argsBuffer, ...row }: ToolTimelineRow): string =>
  [
    `${row.seq}.${round}`,
    displayName ?? name,
    status,
    detail,
    argsBuffer,
    row.result,
    row.failure?.cause_plain,
    ...(row.subagent?.toolCalls.map((call) => `> ${call.displayName ?? call.toolName} ${call.status}`) ?? []),
  ]
    .filter((part) => part !== undefined)
    .join(' | ')

/** The drawer of a subagent: its prompt, then its thoughts, words and calls in order. */
function drawDrawer({ subagent }: ToolTimelineRow): readonly string[] {
  if (subagent === undefined) return []
  const items = subagent.transcript.map((item) =>
    item.kind === 'tool' ? `${item.toolName} ${item.args ?? ''} ${item.result ?? ''}` : item.text,
  )
  return [
    `${subagent.displayName} (${subagent.agentId}, ${subagent.taskId})`,
    subagent.prompt ?? '',
    ...items,
  ]
}

const BACKGROUND: Readonly<Partial<Record<string, string>>> = {
  running: 'Running',
  error: 'Failed',
  awaiting_user: 'Needs you',
  cancelled: 'Cancelled',
}

/** Everything that is drawn of the thread. */
function draw(state: RunLedgerState) {
  const view = selectChatRuntimeState(state)
  const rows = view.toolTimelineByThread[THREAD] ?? []
  const past = view.turnTimelinesByThread[THREAD] ?? {}
  const { phase, iteration, activeTool, activeSubagent } = view.inferenceStatusByThread[THREAD] ?? {}
  const delegations = new Map([...Object.values(past).flat(), ...rows].map((row) => [row.id, row]))
  const children = [...delegations.values()].filter(({ subagent }) => subagent !== undefined)
  const stream = view.streamingAssistantByThread[THREAD]
  return {
    lifecycle: view.inferenceTurnLifecycleByThread[THREAD] ?? null,
    status: phase === undefined ? null : [phase, iteration, activeTool ?? activeSubagent ?? null],
    heard: stream === undefined ? null : [stream.requestId, stream.thinking, stream.content],
    rows: rows.map(drawRow),
    past: Object.entries(past).map(([request, trail]) => [request, ...trail.map(drawRow)]),
    /** The transcript points at rows by their ids. */
    transcript: (view.processingByThread[THREAD] ?? []).flatMap((item) =>
      item.kind === 'toolCall' ? (rows.find(({ id }) => id === item.rowId)?.name ?? 'no row') : item.text,
    ),
    pastTranscripts: Object.values(view.turnTranscriptsByThread[THREAD] ?? {}).map((items) =>
      items.flatMap((item) => (item.kind === 'toolCall' ? item.name : [])),
    ),
    drawers: children.map(drawDrawer),
    awaiting: children.flatMap(({ status, subagent }) =>
      status === 'awaiting_user' ? (subagent?.awaitingQuestion ?? 'no question') : [],
    ),
    background: children
      .filter(({ subagent }) => subagent?.mode === 'async')
      .map(({ status, subagent }) => [
        subagent?.displayName,
        BACKGROUND[status] ?? 'Done',
        subagent?.toolCalls.length,
      ]),
    approval: view.pendingApprovalByThread[THREAD]?.message ?? null,
    plan: view.pendingPlanReviewByThread[THREAD]?.message ?? null,
    cost: view.usageByThread[THREAD]?.subtree.costUsd ?? null,
    tokens: view.sessionTokenUsage.inputTokens,
  }
}

// --- what they are shown

function firstTurn({ begin, stamped, ...say }: Turn): readonly Wire[] {
  return [
    ...begin(),
    stamped('thinking_delta', { round: 1, delta: 'Which data?', delta_kind: 'thinking' }),
    say.call('call_1', 'web_search', {
      args: { query: 'rain' },
      tool_display_label: 'Searching the web',
      tool_display_detail: 'rain',
    }),
    say.result('call_1', 'web_search', '3 hits'),
    say.call('call_2', 'shell'),
    say.result('call_2', 'shell', 'denied', {
      success: false,
      failure: { class: 'MissingPermission', recoverable: true, cause_plain: 'Needs access' },
    }),
    say.call('call_3', 'spawn_subagent', { args: { agent_id: 'researcher', prompt: 'EU data, please.' } }),
    say.spawn('sub-1', { parent_call_id: 'call_3', mode: 'async' }),
    say.childCall('sub-1', 'cc-1', 'web_fetch'),
    say.childResult('sub-1', 'cc-1', 'web_fetch', '<html>'),
    say.awaiting('sub-1', 'EU or US data?'),
    stamped('iteration_start', { round: 2, message: 'Iteration 2/12' }),
    stamped('text_delta', { round: 2, delta: 'One moment.', delta_kind: 'text' }),
    stamped('approval_request', { tool_name: 'shell', message: 'Run command?', tool_call_id: 'call_2' }),
    stamped('plan_review_request', { message: '3-step plan', args: { steps: ['a'] } }),
  ]
}

const USAGE = { input_tokens: 14_000, output_tokens: 1_200, cost_usd: null, cost_source: 'unknown' }

const ROWS = [
  '0.1 | Searching the web | success | rain | {"query":"rain"} | 3 hits',
  '1.1 | shell | error | denied | Needs access.',
]
const waits = '2.1 | Researcher | awaiting_user | EU or US data? | > web_fetch success'
const ofSub = ['Researcher (researcher, sub-1)', 'EU data, please.', 'web_fetch  <html>']

async function onStage(
  play: (app: OurApp, hear: (...wire: readonly Wire[]) => Promise<void>) => Promise<void>,
) {
  const core = createCore()
  const bridge = createBridge(core)
  const app = await ourApp(core)
  const hear = (...messages: readonly Wire[]): Promise<void> => {
    bridge.sent(messages)
    return app.hear(...messages)
  }
  try {
    await play(app, hear)
  } finally {
    await app.close()
  }
}

test('openhuman 4, 7: its components show a turn by its own keys and names, live and after a reload', () =>
  onStage(async (app, hear) => {
    await hear(...firstTurn(turn()))
    const live = draw(app.state())
    expect(live).toEqual({
      lifecycle: 'streaming',
      status: ['thinking', 2, null],
      heard: ['req-9f2', '', 'One moment.'],
      rows: [...ROWS, waits],
      past: [],
      transcript: ['Which data?', 'web_search', 'shell', 'subagent:researcher', 'One moment.'],
      pastTranscripts: [],
      drawers: [ofSub],
      awaiting: ['EU or US data?'],
      background: [['Researcher', 'Needs you', 1]],
      approval: 'Run command?',
      plan: '3-step plan\n1. a',
      cost: null,
      tokens: null,
    })
    await app.reload()
    // Prose is not kept; all else is, and the core's list says that the turn goes on.
    expect(draw(app.state())).toEqual({
      ...live,
      heard: null,
      transcript: ['web_search', 'shell', 'subagent:researcher'],
    })
  }))

test('openhuman 4, 7: a past turn keeps its trail by its own keys and names, live and after a reload', () =>
  onStage(async (app, hear) => {
    const [first, second] = [turn(), turn('req-a10')]
    await hear(...firstTurn(first), first.done({ usage: USAGE }))
    await hear(...second.begin(), second.call('call_1', 'continue_subagent'), second.spawn('sub-1'))
    await hear(second.result('call_1', 'continue_subagent', 'It goes on.'), second.completed('sub-1'))
    await hear(second.done({ usage: { ...USAGE, input_tokens: 100, cost_usd: 0.5 } }))
    const live = draw(app.state())
    const done = "Researcher | success | Sub-agent 'researcher' completed in 4200ms | > web_fetch success"
    expect(live).toMatchObject({
      lifecycle: null,
      status: null,
      heard: null,
      rows: ['0.1 | continue_subagent | success | It goes on.', `1.1 | ${done}`],
      past: [['req-9f2', ...ROWS, `2.1 | ${done}`]],
      transcript: ['continue_subagent', 'subagent:researcher'],
      pastTranscripts: [['web_search', 'shell', 'subagent:researcher']],
      awaiting: [],
      background: [['Researcher', 'Done', 1]],
      approval: null,
      plan: null,
      cost: 0.5,
      tokens: 14_100,
    })
    await app.reload()
    expect(draw(app.state())).toEqual(live)
  }))
