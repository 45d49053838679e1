/** agentd's orchestrator as a double. */
export { agentRow, approvalRow, turn } from './history.ts'
export { createAgentdDouble } from './server.ts'
export type { AgentdDouble, AgentdSwitches } from './server.ts'
