/** Owns the worker: the agents under test, served to the page that started it. */
import { randomIds, serveOrchestrator, systemClock, webLocks } from 'run-ledger/orchestrator'
import type { MessagePortLike } from 'run-ledger/orchestrator'
import { agents } from './agents.ts'

// A worker's scope is a port; the DOM types describe a window's.
const scope = self as unknown as MessagePortLike

serveOrchestrator({ agents, scope, clock: systemClock, locks: webLocks(), ids: randomIds })
