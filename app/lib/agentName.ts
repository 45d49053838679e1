/** Owns what an agent is called: by its name, else by what it is. */
import type { AgentRun } from 'run-ledger'

export const agentNameOf = ({ agentName, agentId }: AgentRun): string | null => agentName ?? agentId
