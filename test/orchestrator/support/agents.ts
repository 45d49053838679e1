// Agents made from functions, for tests and their worker; no test library in here.
import type { Agent, AgentContext, AgentTask } from '../../../src/orchestrator/agent.ts'

/** An agent from a function; what it returns is not checked, as with code from outside. */
export function agent(id: string, run: (context: AgentContext, task: AgentTask) => unknown): Agent {
  return { id, name: `Agent ${id}`, description: '', run: run as Agent['run'] }
}

/** Returns its item or input. */
export const echo = agent('echo', (_context, task) => ({
  output: task.item ?? task.input,
  summary: 'Echoed.',
}))
