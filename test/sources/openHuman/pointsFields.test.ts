/** The fields and keys of OpenHuman's state, by its names (openhuman.md 4): what its messages say is in all of them. */
import { expect, test } from 'vitest'
import { selectChatRuntimeState } from '../../../src/index.ts'
import { ourApp } from './support/ours.ts'
import type { OurApp } from './support/ours.ts'
import { THREAD, turn } from './support/turns.ts'
import type { Turn, Wire } from './support/turns.ts'
import { createCore } from './support/turnsCore.ts'

async function withApp(play: (app: OurApp) => Promise<void>): Promise<void> {
  const app = await ourApp(createCore())
  try {
    await play(app)
  } finally {
    await app.close()
  }
}

const subagentOf = (app: OurApp) =>
  selectChatRuntimeState(app.state()).toolTimelineByThread[THREAD]?.find(({ subagent }) => subagent)?.subagent

/** openhuman.md 4 without what is no run fact: sends, boards, proposals, queues and follow-ups. */
const ABOUT_RUNS = [
  'artifactsByThread',
  'inferenceHeartbeatByThread',
  'inferenceStatusByThread',
  'inferenceTurnLifecycleByThread',
  'interruptedAssistantByThread',
  'parallelRequestThreads',
  'parallelStreamsByThread',
  'pendingApprovalByThread',
  'pendingPlanReviewByThread',
  'processingByThread',
  'sessionTokenUsage',
  'streamingAssistantByThread',
  'toolTimelineByThread',
  'toolTimelineSeqByThread',
  'turnTimelinesByThread',
  'turnTranscriptsByThread',
  'usageByThread',
]

test("openhuman 4: a subagent and its calls have OpenHuman's fields by their names, live and after a reload", () =>
  withApp(async (app) => {
    const { begin, stamped, spawn, completed } = turn()
    const inChild = (event: string, fields: object, detail: object): Wire =>
      stamped(event, {
        skill_id: 'sub-1',
        round: 1,
        ...fields,
        subagent: { child_iteration: 2, agent_id: 'researcher', task_id: 'sub-1', ...detail },
      })
    const named = { tool_name: 'web_fetch', tool_call_id: 'cc-1' }
    const label = { tool_display_label: 'Reading', tool_display_detail: 'rain.org' }
    await app.hear(
      ...begin(),
      spawn('sub-1', { worker_thread_id: 'w-1', dedicated_thread: true, mode: 'fork' }),
      inChild('subagent_iteration_start', { tool_name: 'researcher' }, { child_max_iterations: 8 }),
      inChild('subagent_tool_call', { ...named, ...label, args: { url: 'rain.org' } }, {}),
      inChild(
        'subagent_tool_result',
        { ...named, success: true, output: '<html>' },
        { elapsed_ms: 310, output_chars: 90 },
      ),
    )
    const running = subagentOf(app)
    await app.hear(
      completed('sub-1', { worktree_path: '/wt/1', changed_files: ['a.md', 'b.md'], dirty_status: false }),
    )
    const live = subagentOf(app)
    const call = {
      callId: 'cc-1',
      toolName: 'web_fetch',
      status: 'success',
      iteration: 2,
      elapsedMs: 310,
      outputChars: 90,
      args: '{"url":"rain.org"}',
      result: '<html>',
      displayName: 'Reading',
      detail: 'rain.org',
    }
    const both = {
      taskId: 'sub-1',
      agentId: 'researcher',
      displayName: 'Researcher',
      workerThreadId: 'w-1',
      mode: 'fork',
      dedicatedThread: true,
      childIteration: 2,
      childMaxIterations: 8,
      toolCalls: [call],
      transcript: [{ kind: 'tool', ...call }],
    }
    expect(running).toMatchObject({ ...both, status: 'running' })
    expect(live).toMatchObject({
      ...both,
      status: 'completed',
      iterations: 3,
      elapsedMs: 4_200,
      outputChars: 760,
      worktreePath: '/wt/1',
      changedFiles: ['a.md', 'b.md'],
      isDirty: false,
    })
    await app.reload()
    expect(subagentOf(app)).toEqual(live)
  }))

test("openhuman 4: OpenHuman's keys about runs are all there, also those of turns that go on side by side", () =>
  withApp(async (app) => {
    const [first, second] = [turn(), turn('req-a10')]
    const says = ({ stamped }: Turn, delta: string): Wire =>
      stamped('text_delta', { round: 1, delta, delta_kind: 'text' })
    await app.hear(...first.begin(), says(first, 'One.'), first.call('call_1', 'shell'))
    await app.hear(...second.begin(), says(second, 'Two.'), second.stamped('inference_heartbeat'))
    await app.hear(second.call('call_1', 'read_file'), second.call('call_2', 'shell'))
    const view = selectChatRuntimeState(app.state())
    expect(Object.keys(view).toSorted()).toEqual(ABOUT_RUNS)
    const said = (requestId: string, content: string) => ({ requestId, content, thinking: '' })
    expect(view.streamingAssistantByThread[THREAD]).toEqual(said('req-a10', 'Two.'))
    expect({ ...view.parallelStreamsByThread[THREAD] }).toEqual({ 'req-9f2': said('req-9f2', 'One.') })
    expect({ ...view.parallelRequestThreads }).toEqual({ 'req-9f2': THREAD })
    expect(view.inferenceHeartbeatByThread[THREAD]).toBe(1)
    expect(view.toolTimelineSeqByThread[THREAD]).toBe(2)
    expect(view.interruptedAssistantByThread[THREAD]).toBeUndefined()
    await app.hear(second.plain('chat_error', { message: 'Rate limited', error_type: 'rate_limited' }))
    const ended = selectChatRuntimeState(app.state())
    expect(ended.interruptedAssistantByThread[THREAD]).toEqual(said('req-a10', 'Two.'))
    expect(ended.streamingAssistantByThread[THREAD]).toBeUndefined()
  }))
