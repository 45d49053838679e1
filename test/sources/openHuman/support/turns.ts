/**
 * Owns the messages a core sends in a turn, as its socket carries them: stamped with `seq` per request, or not at all.
 * What fields a message has is openhuman.md 2; nothing here knows what they mean.
 */
export const THREAD = 'thread-4'

export interface Wire {
  readonly event: string
  readonly [field: string]: unknown
}

type Fields = Readonly<Record<string, unknown>>

export interface Turn {
  /** Of the bridge: takes the next `seq`. */
  stamped(event: string, fields?: Fields): Wire
  /** Published outside the bridge: no `seq`. */
  plain(event: string, fields?: Fields): Wire
  begin(): readonly Wire[]
  call(callId: string, name: string, fields?: Fields): Wire
  result(callId: string, name: string, output: string, fields?: Fields): Wire
  spawn(taskId: string, detail?: Fields): Wire
  childCall(taskId: string, callId: string, name: string): Wire
  childResult(taskId: string, callId: string, name: string, output: string): Wire
  awaiting(taskId: string, question: string, detail?: Fields): Wire
  completed(taskId: string, detail?: Fields): Wire
  failed(taskId: string, error: string, detail?: Fields): Wire
  done(fields?: Fields): Wire
}

export function turn(request = 'req-9f2', thread = THREAD): Turn {
  const base = { client_id: 's-1', thread_id: thread, request_id: request }
  let seq = 0
  const plain = (event: string, fields: Fields = {}): Wire => ({ event, ...base, ...fields })
  function stamped(event: string, fields: Fields = {}): Wire {
    const at = seq
    seq += 1
    return { event, ...base, seq: at, ...fields }
  }
  const child = (event: string, taskId: string, fields: Fields, detail: Fields): Wire =>
    stamped(event, { tool_name: 'researcher', skill_id: taskId, round: 1, ...fields, subagent: detail })
  const inChild = (taskId: string, more: Fields = {}): Fields => ({
    child_iteration: 1,
    agent_id: 'researcher',
    task_id: taskId,
    ...more,
  })
  return {
    stamped,
    plain,
    begin: () => [
      stamped('inference_start'),
      stamped('iteration_start', { round: 1, message: 'Iteration 1/12' }),
    ],
    call: (callId, name, fields) =>
      stamped('tool_call', {
        tool_name: name,
        skill_id: 'web_channel',
        round: 1,
        tool_call_id: callId,
        ...fields,
      }),
    result: (callId, name, output, fields) =>
      stamped('tool_result', {
        tool_name: name,
        skill_id: 'web_channel',
        output,
        success: true,
        round: 1,
        tool_call_id: callId,
        elapsed_ms: 640,
        ...fields,
      }),
    spawn: (taskId, detail) =>
      child(
        'subagent_spawned',
        taskId,
        { message: "Sub-agent 'Researcher' spawned" },
        { mode: 'typed', dedicated_thread: false, prompt_chars: 212, display_name: 'Researcher', ...detail },
      ),
    childCall: (taskId, callId, name) =>
      child('subagent_tool_call', taskId, { tool_name: name, tool_call_id: callId }, inChild(taskId)),
    childResult: (taskId, callId, name, output) =>
      child(
        'subagent_tool_result',
        taskId,
        { tool_name: name, tool_call_id: callId, success: true, output, elapsed_ms: 310 },
        inChild(taskId, { elapsed_ms: 310, output_chars: output.length }),
      ),
    awaiting: (taskId, question, detail = {}) =>
      child('subagent_awaiting_user', taskId, { message: question, success: true }, detail),
    completed: (taskId, detail) =>
      child(
        'subagent_completed',
        taskId,
        { message: "Sub-agent 'researcher' completed in 4200ms", success: true },
        { elapsed_ms: 4_200, iterations: 3, output_chars: 760, ...detail },
      ),
    failed: (taskId, error, detail = {}) =>
      child('subagent_failed', taskId, { message: error, success: false }, detail),
    done: (fields) => plain('chat_done', { full_response: 'Done.', ...fields }),
  }
}
