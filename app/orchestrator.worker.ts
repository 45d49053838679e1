/** Owns the worker: the research agents, served to the page that started it. */
import { randomIds, serveOrchestrator, systemClock, webLocks } from 'run-ledger/orchestrator'
import type { MessagePortLike } from 'run-ledger/orchestrator'
import { researchAgents } from './research/agents.ts'

// A worker's scope is a port; the DOM types describe a window's.
const scope = self as unknown as MessagePortLike

serveOrchestrator({
  agents: researchAgents,
  scope,
  clock: systemClock,
  locks: webLocks(),
  ids: randomIds,
})
