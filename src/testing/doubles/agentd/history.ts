/** Owns what the double remembers: rows of agents, their conversation events, and tool calls that wait. */
import { now } from '../time.ts'

export interface AgentRow {
  id: string
  name: string
  status: string
  updated_at: string
  [field: string]: unknown
}

/** As it lies in the database: one agent, one number, never changed. */
export interface ConversationEvent {
  agent_id: string
  seq: number
  event_type: string
  session_number: number
  content: string | null
  metadata: Record<string, unknown> | null
  created_at: string
}

export interface ApprovalRow {
  id: string
  agent_id: string
  request_id: string
  tool_name: string
  tool_input: unknown
  status: 'pending' | 'approved' | 'denied' | 'timed_out'
  created_at: string
  expires_at: string
}

/** Times as Rust writes them. */
export const stamp = (ms: number): string => new Date(ms).toISOString().replace('Z', '000000+00:00')

export const agentRow = (id: string, fields: Partial<AgentRow> = {}): AgentRow => ({
  id,
  name: `agent ${id}`,
  status: 'running',
  config: {
    working_dir: '/tmp',
    shell: 'zsh',
    interactive: false,
    tool_policy: { mode: 'allow_all' },
    env: { ANTHROPIC_API_KEY: '***' },
  },
  backend_type: 'tmux',
  session_id: `agentd-orch-${id}`,
  created_at: stamp(Date.UTC(2026, 2, 20, 8)),
  updated_at: stamp(Date.UTC(2026, 2, 20, 8)),
  ...fields,
})

export const approvalRow = (id: string, agentId: string, fields: Partial<ApprovalRow> = {}): ApprovalRow => ({
  id,
  agent_id: agentId,
  request_id: `request ${id}`,
  tool_name: 'Bash',
  tool_input: { command: 'ls' },
  status: 'pending',
  created_at: stamp(now()),
  expires_at: stamp(now() + 300_000),
  ...fields,
})

/** One turn as agentd records it: its own order, and figures twice. */
export function turn(
  prompt: string,
  answer: string,
): [type: string, content: string | null, metadata?: object][] {
  const figures = {
    input_tokens: 100,
    output_tokens: 20,
    total_cost_usd: 0.25,
    num_turns: 1,
    duration_ms: 900,
  }
  return [
    ['prompt_sent', prompt],
    ['activity_changed', 'busy'],
    ['thinking', 'First the files.'],
    ['output', 'I look at the files.'],
    [
      'tool_use',
      'ls -la',
      {
        tool_name: 'Bash',
        tool_id: `toolu_${prompt.length}`,
        tool_input: { command: 'ls -la' },
        summary: 'ls -la',
      },
    ],
    ['output', answer],
    ['activity_changed', 'idle'],
    ['result', answer, { is_error: false, result_text: answer, ...figures }],
    ['usage_update', null, { ...figures, cache_read_input_tokens: 7, cache_creation_input_tokens: 3 }],
  ]
}

/** An event as it goes over the wire, from the history and live alike. */
export function toWire(event: ConversationEvent): Record<string, unknown> {
  const { event_type: type, content, metadata } = event
  const frame: Record<string, unknown> = {
    frame: 'event',
    seq: event.seq,
    type: `agent:${type}`,
    agent_id: event.agent_id,
    agentId: event.agent_id,
    session_number: event.session_number,
    timestamp: event.created_at,
  }
  switch (type) {
    case 'output':
    case 'prompt_sent':
      return { ...frame, line: content }
    case 'thinking':
      return { ...frame, text: content }
    case 'activity_changed':
      return { ...frame, activity: content }
    case 'tool_use':
      return { ...frame, ...metadata }
    case 'result':
      return metadata === null
        ? frame
        : { ...frame, is_error: metadata['is_error'], result_text: metadata['result_text'], metadata }
    case 'usage_update':
      return { ...frame, usage: metadata }
    case 'context_cleared':
      return frame
    default:
      return { ...frame, content, ...metadata }
  }
}
